-- $1 topic, $2 partition.
SELECT saga AS follower, stream_id, stream_version, sequence, event_type, error, attempts, recorded_at
  FROM annals.parked_streams
 WHERE topic = $1 AND partition = $2
 ORDER BY saga, stream_id
