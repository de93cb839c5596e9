INSERT INTO annals.lanes AS lane (role, topic, partition, epoch, owner, taken_at)
VALUES ($1, $2, $3, 1, $4, clock_timestamp())
ON CONFLICT (role, topic, partition) DO UPDATE
   SET epoch = lane.epoch + 1, owner = excluded.owner, taken_at = excluded.taken_at
RETURNING epoch, consumed, sequence, published_sequence, published_offset, input_sequence, topic_id, published_topic_id,
          (SELECT count(*) FROM annals.open_log_interruptions WHERE role = $1 AND topic = $2 AND partition = $3),
          CASE WHEN last_offset = consumed - 1 THEN last_timestamp ELSE 0 END
