-- $1 saga, $2 instance id, $3 limit.
SELECT name, due_at
  FROM annals.deadlines
 WHERE saga = $1 AND instance_id = $2
 ORDER BY due_at
 LIMIT $3
