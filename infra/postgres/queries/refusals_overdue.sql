-- $1 topic, $2 partition, $3 seconds, $4 limit: what has waited longer than that for the lane's instances to hear of it.
SELECT o.saga, o.instance_id, o.step, r.handled_at
  FROM annals.refusals AS r
  JOIN annals.saga_outbox AS o ON o.topic = r.topic AND o.partition = r.partition AND o.position = r.position
 WHERE r.topic = $1 AND r.partition = $2 AND r.handled_at < clock_timestamp() - $3::float8 * interval '1 second'
 ORDER BY r.position
 LIMIT $4
