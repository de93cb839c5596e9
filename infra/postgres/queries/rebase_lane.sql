UPDATE annals.lanes SET consumed = $5, topic_id = $6
 WHERE role = $1 AND topic = $2 AND partition = $3 AND epoch = $4
RETURNING epoch
