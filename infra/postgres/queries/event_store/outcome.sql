SELECT command_id::text, type, context, stream_id, status, stream_version, partition, sequence, events::text, error::text,
       correlation_id, causation_id, actor, handled_at, content_digest
  FROM annals.outcomes
 WHERE command_id = $1 AND context = $2 AND stream_id = $3
