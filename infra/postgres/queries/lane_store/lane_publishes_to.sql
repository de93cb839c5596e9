UPDATE annals.lanes SET published_topic_id = $5
 WHERE role = $1 AND topic = $2 AND partition = $3 AND epoch = $4
RETURNING epoch
