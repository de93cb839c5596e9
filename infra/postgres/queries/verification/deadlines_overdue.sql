-- $1 topic, $2 partition, $3 seconds, $4 limit: the lane's deadlines that are overdue by more than that, the oldest first.
SELECT saga, instance_id, name, due_at
  FROM annals.deadlines
 WHERE topic = $1 AND partition = $2 AND due_at < clock_timestamp() - $3::float8 * interval '1 second'
 ORDER BY due_at
 LIMIT $4
