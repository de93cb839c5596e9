-- $1 correlation id, $2 limit: the instances that an event with this correlation id began, and which event it was.
SELECT s.saga, s.instance_id, s.status, s.started_at, s.updated_at,
       (SELECT j.event_id::text FROM annals.saga_journal AS j
         WHERE j.saga = s.saga AND j.instance_id = s.instance_id AND j.version = 1) AS begun_by
  FROM annals.sagas AS s
 WHERE s.correlation_id = $1
 ORDER BY s.started_at
 LIMIT $2
