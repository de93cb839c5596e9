-- $1 context, $2 partition: commands that led to more than one event. In a context whose deciders answer with one event
-- at most, each of them was handled twice.
SELECT command_id::text, count(*) AS events
  FROM annals.events
 WHERE context = $1 AND partition = $2
 GROUP BY stream_id, command_id
HAVING count(*) > 1
 LIMIT 1000
