-- $1 sagas and $2 instances (lists, see annals.listed, of pairs): those that began before there was a journal.
SELECT s.saga, s.instance_id
  FROM unnest(annals.listed($1), annals.listed($2)) AS i(saga, instance_id)
  JOIN annals.sagas AS s ON s.saga = i.saga AND s.instance_id = i.instance_id
 WHERE s.started_at < coalesce(
           (SELECT j.applied_at FROM annals.saga_journal AS j
             WHERE j.saga = s.saga AND j.instance_id = s.instance_id AND j.version = 1),
           CASE s.version WHEN 0 THEN 'infinity'::timestamptz END)
