-- $1 role, $2 topic, $3 list of partitions (see annals.listed): no batch of these lanes commits until this transaction
-- ends. In order, so that two who lock several wait for one another instead of deadlocking.
SELECT partition FROM annals.lanes
 WHERE role = $1 AND topic = $2 AND partition = ANY(annals.listed($3)::integer[])
 ORDER BY partition
   FOR UPDATE
