SELECT saga, stream_id, wish
  FROM annals.parked
 WHERE topic = $1 AND partition = $2 AND wish IS NOT NULL
 ORDER BY saga, stream_id
