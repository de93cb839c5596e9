-- $1 saga, $2 instance id.
SELECT saga, instance_id, status, version, correlation_id, started_at, updated_at, state::text, now() AS asked_at
  FROM annals.sagas
 WHERE saga = $1 AND instance_id = $2
