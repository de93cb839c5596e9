-- $1 topic, $2 partition, $3 saga, $4 stream id, $5 action, $6 stream version: only while the stream waits with this event.
UPDATE annals.parked_streams SET requested_action = $5
 WHERE topic = $1 AND partition = $2 AND saga = $3 AND stream_id = $4 AND stream_version = $6
