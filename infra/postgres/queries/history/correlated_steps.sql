-- $1 correlation id, $2 limit.
SELECT saga, instance_id, step, command_id::text, command_type, stream_id, causation_id, actor, caused_at, decided_at
  FROM annals.saga_outbox
 WHERE correlation_id = $1
 ORDER BY decided_at
 LIMIT $2
