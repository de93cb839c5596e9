SELECT context, partition, sequence, stream_id, stream_version, event_id::text, type, schema_version, data::text,
       command_id::text, correlation_id, causation_id, actor, traceparent, recorded_at
  FROM annals.events
 WHERE context = $1 AND stream_id = ANY($2::text[])
 ORDER BY stream_id, stream_version
