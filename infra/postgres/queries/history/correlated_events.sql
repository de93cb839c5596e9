-- $1 correlation id, $2 limit. The events of a correlation are those of its commands, and each command's stand together
-- at the end of what its lane had come to: found by the primary key, without an index of their own.
SELECT event.context, event.partition, event.sequence, event.stream_id, event.stream_version, event.event_id::text,
       event.type, event.schema_version, event.data::text, event.command_id::text, event.correlation_id,
       event.causation_id, event.actor, event.traceparent, event.recorded_at
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
       ) AS event
 ORDER BY event.recorded_at, event.context, event.partition, event.sequence
 LIMIT $2
