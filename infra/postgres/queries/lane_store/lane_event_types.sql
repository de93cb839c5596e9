-- $1 role, $2 topic, $3 partition, $4 epoch, $5 wire types.
UPDATE annals.lanes SET event_types = ARRAY(SELECT DISTINCT unnest(event_types || $5::text[]) ORDER BY 1)
 WHERE role = $1 AND topic = $2 AND partition = $3 AND epoch = $4
RETURNING epoch
