-- $1 topic.
SELECT partition, saga, stream_id, stream_version, sequence, event_type, error, attempts, recorded_at, requested_action
  FROM annals.parked_streams
 WHERE topic = $1
 ORDER BY recorded_at, partition, saga, stream_id
