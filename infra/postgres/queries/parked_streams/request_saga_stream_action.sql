UPDATE annals.parked SET requested_action = $5
 WHERE topic = $1 AND partition = $2 AND saga = $3 AND stream_id = $4 AND stream_version = $6
