SELECT position, saga, instance_id, step, command_id::text, command_type, stream_id, data::text, correlation_id,
       causation_id, actor, traceparent, caused_at, handles_rejection
  FROM annals.saga_outbox
 WHERE topic = $1 AND partition = $2 AND position > $3
 ORDER BY position
 LIMIT $4
