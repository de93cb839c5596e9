-- $1 topic, $2 partition, $3 position, after which to begin; $4 limit. `code` is null for what was accepted.
SELECT t.topic, t.partition, t.position, t.code
  FROM (SELECT topic, partition, position, code FROM annals.step_rejections
         WHERE (topic, partition, position) > ($1, $2, $3)
         UNION ALL
        SELECT topic, partition, position, NULL FROM annals.unchanged_steps
         WHERE (topic, partition, position) > ($1, $2, $3)) AS t
 WHERE NOT EXISTS (SELECT FROM annals.saga_outbox AS o
                    WHERE o.topic = t.topic AND o.partition = t.partition AND o.position = t.position)
 ORDER BY t.topic, t.partition, t.position
 LIMIT $4
