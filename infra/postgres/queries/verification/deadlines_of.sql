-- $1 saga, $2 list of instances (see annals.listed).
SELECT saga, instance_id, name, due_at, event_id::text, correlation_id, actor, traceparent, topic, partition
  FROM annals.deadlines
 WHERE saga = $1 AND instance_id = ANY(annals.listed($2))
 ORDER BY instance_id, name
