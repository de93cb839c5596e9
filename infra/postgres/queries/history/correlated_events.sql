-- $1 correlation id, $2 limit. The events of a correlation are those of its commands, and each command's stand together
-- at the end of what its lane had come to: found by the primary key, without an index of their own.
SELECT found.context, found.partition, found.sequence, found.stream_id, found.stream_version, found.event_id::text,
       found.type, found.schema_version, found.data::text, found.command_id::text, found.correlation_id,
       found.causation_id, found.actor, found.traceparent, found.recorded_at
  FROM (SELECT context, partition, sequence, json_array_length(outcome->'events') AS events
          FROM annals.commands
         WHERE correlation_id = $1 AND status = 'accepted'
         ORDER BY handled_at
         LIMIT $2) AS handled
 CROSS JOIN LATERAL (
       SELECT *
         FROM annals.events AS e
        WHERE e.context = handled.context AND e.partition = handled.partition
          AND e.sequence > handled.sequence - handled.events AND e.sequence <= handled.sequence
        ORDER BY e.sequence
        LIMIT handled.events
       ) AS found
 ORDER BY found.recorded_at, found.context, found.partition, found.sequence
 LIMIT $2
