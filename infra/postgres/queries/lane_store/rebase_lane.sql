UPDATE annals.lanes SET consumed = $5, topic_id = $6, last_offset = -1, last_timestamp = 0
 WHERE role = $1 AND topic = $2 AND partition = $3 AND epoch = $4
RETURNING epoch
