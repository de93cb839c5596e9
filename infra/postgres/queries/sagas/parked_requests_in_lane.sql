SELECT saga, stream_id, requested_action
  FROM annals.parked
 WHERE topic = $1 AND partition = $2 AND requested_action IS NOT NULL
 ORDER BY saga, stream_id
