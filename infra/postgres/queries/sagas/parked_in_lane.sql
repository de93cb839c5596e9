SELECT saga, stream_id, stream_version, sequence, event_type, error, attempts, recorded_at
  FROM annals.parked
 WHERE topic = $1 AND partition = $2
 ORDER BY saga, stream_id
