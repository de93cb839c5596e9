-- $1 saga, $2 instance, $3 name, after which to begin; $4 limit: deadlines of instances that are not stored and have no journal.
SELECT d.saga, d.instance_id, d.name, d.due_at
  FROM annals.deadlines AS d
 WHERE (d.saga, d.instance_id, d.name) > ($1, $2, $3)
   AND NOT EXISTS (SELECT FROM annals.sagas AS s WHERE s.saga = d.saga AND s.instance_id = d.instance_id)
   AND NOT EXISTS (SELECT FROM annals.saga_journal AS j WHERE j.saga = d.saga AND j.instance_id = d.instance_id)
 ORDER BY d.saga, d.instance_id, d.name
 LIMIT $4
