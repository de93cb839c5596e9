-- $1 topic, $2 partition, $3 position, after which to begin; $4 limit.
SELECT r.topic, r.partition, r.position, r.code
  FROM annals.refusals AS r
 WHERE (r.topic, r.partition, r.position) > ($1, $2, $3)
   AND NOT EXISTS (SELECT FROM annals.saga_outbox AS o
                    WHERE o.topic = r.topic AND o.partition = r.partition AND o.position = r.position)
 ORDER BY r.topic, r.partition, r.position
 LIMIT $4
