-- $1 topic, $2 partition.
SELECT saga AS follower, stream_id, requested_action AS action
  FROM annals.parked_streams
 WHERE topic = $1 AND partition = $2 AND requested_action IS NOT NULL
 ORDER BY saga, stream_id
