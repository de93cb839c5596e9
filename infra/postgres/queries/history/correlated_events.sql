-- $1 correlation id, $2 limit. The events of a correlation are those of its commands, and each command's stand together
-- at the end of what its lane had come to: found by the primary key, without an index of their own.
SELECT event.context, event.partition, event.sequence, event.stream_id, event.stream_version, event.event_id::text,
       event.type, event.schema_version, event.data::text, event.command_id::text, event.correlation_id,
       event.causation_id, event.actor, event.traceparent, event.recorded_at
  FROM ((SELECT context, partition, sequence, event_count
           FROM annals.commands
          WHERE command_id = CASE WHEN pg_input_is_valid($1, 'uuid') THEN $1 END::uuid
            AND correlation_id IS NULL AND command_id::text = $1 AND event_count > 0
          ORDER BY handled_at
          LIMIT $2)
         UNION ALL
        (SELECT context, partition, sequence, event_count
           FROM annals.commands
          WHERE correlation_id = $1 AND event_count > 0
          ORDER BY handled_at
          LIMIT $2)) AS handled
 CROSS JOIN LATERAL (
       SELECT *
         FROM annals.live_events AS e
        WHERE e.context = handled.context AND e.partition = handled.partition
          AND e.sequence > handled.sequence - handled.event_count AND e.sequence <= handled.sequence
        ORDER BY e.sequence
        LIMIT handled.event_count
       ) AS event
 ORDER BY event.recorded_at, event.context, event.partition, event.sequence
 LIMIT $2
