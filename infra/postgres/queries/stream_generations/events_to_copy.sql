SELECT context, partition, sequence, stream_id, stream_version, event_id::text, type, schema_version, data::text,
       command_id::text, correlation_id, causation_id, actor, traceparent, recorded_at
  FROM annals.live_events
 WHERE context = $1 AND partition = $2 AND sequence > $3
 ORDER BY sequence
 LIMIT $4
