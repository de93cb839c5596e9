-- $1 context, $2 and $3 two generations, $4 after this stream id, $5 limit.
SELECT DISTINCT stream_id
  FROM annals.copied_events
 WHERE context = $1 AND generation IN ($2, $3) AND stream_id > $4
 ORDER BY stream_id
 LIMIT $5
