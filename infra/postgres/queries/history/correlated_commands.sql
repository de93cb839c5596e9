-- $1 correlation id, $2 limit.
SELECT command_id::text, type, context, stream_id, status, partition, sequence, correlation_id, causation_id, actor,
       handled_at, outcome::text
  FROM annals.commands
 WHERE correlation_id = $1
 ORDER BY handled_at
 LIMIT $2
