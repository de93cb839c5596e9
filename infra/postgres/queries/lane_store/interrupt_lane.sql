-- As rebase_lane, and the interruption that is the reason.
WITH lane AS (
    UPDATE annals.lanes SET consumed = $5, topic_id = $6, last_offset = -1, last_timestamp = 0
     WHERE role = $1 AND topic = $2 AND partition = $3 AND epoch = $4
    RETURNING epoch
), noted AS (
    INSERT INTO annals.log_interruptions (role, topic, partition, kind, former_topic_id, topic_id, consumed,
                                          start_offset, end_offset, missing, resumed_at)
    SELECT $1, $2, $3, $7, $8, $6, $9, $10, $11, $12, $5 FROM lane
)
SELECT epoch FROM lane
