-- $1 context, $2 partition, $3 type of event: the streams that have more than one.
SELECT stream_id, count(*) AS events
  FROM annals.events
 WHERE context = $1 AND partition = $2 AND type = $3
 GROUP BY stream_id
HAVING count(*) > 1
 LIMIT 1000
