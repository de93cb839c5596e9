SELECT context, partition, sequence, stream_id, stream_version, event_id::text, type, schema_version, data::text,
       command_id::text, correlation_id, causation_id, actor, traceparent, recorded_at
  FROM annals.live_events
 WHERE context = $1 AND stream_id = $2 AND stream_version > $3
 ORDER BY stream_version
 LIMIT $4
