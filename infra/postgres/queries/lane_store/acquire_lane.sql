-- $1 role, $2 topic, $3 partition, $4 owner.
INSERT INTO annals.lanes AS lane (role, topic, partition, epoch, owner, acquired_at)
VALUES ($1, $2, $3, 1, $4, clock_timestamp())
ON CONFLICT (role, topic, partition) DO UPDATE
   SET epoch = lane.epoch + 1, owner = excluded.owner, acquired_at = excluded.acquired_at
RETURNING epoch, consumed, sequence, published_sequence, published_offset, input_sequence, topic_id, published_topic_id,
          event_types,
          (SELECT count(*) FROM annals.open_log_interruptions WHERE role = $1 AND topic = $2 AND partition = $3)
              AS interruptions,
          CASE WHEN last_offset = consumed - 1 THEN last_timestamp ELSE 0 END AS last_timestamp
