-- $1 saga, $2 after this instance, $3 limit.
SELECT instance_id, status, state::text
  FROM annals.sagas
 WHERE saga = $1 AND instance_id > $2
 ORDER BY instance_id
 LIMIT $3
