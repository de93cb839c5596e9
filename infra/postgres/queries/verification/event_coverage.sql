-- $1 sagas and $2 instances (lists, see annals.listed, of pairs); $3 context, $4 partition, $5 first and $6 last sequence:
-- how often each event of that stretch is in the journal of each of those instances. A journal is read once for all of it.
SELECT j.saga, j.instance_id, j.event_id::text, count(*) AS times
  FROM (SELECT DISTINCT saga, instance_id
          FROM unnest(annals.listed($1), annals.listed($2)) AS i(saga, instance_id)) AS i
  JOIN annals.saga_journal AS j ON j.saga = i.saga AND j.instance_id = i.instance_id
 WHERE j.context = $3 AND j.partition = $4 AND j.sequence BETWEEN $5 AND $6
 GROUP BY j.saga, j.instance_id, j.event_id
