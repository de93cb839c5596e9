SELECT stream_id
  FROM annals.events
 WHERE context = $1 AND partition = $2 AND sequence > $3 AND sequence <= $4 AND stream_version = 1
 ORDER BY sequence
