-- $1 topic, $2 partition, $3 seconds, $4 limit: the answers that have waited longer than that for the lane's instances.
SELECT o.saga, o.instance_id, o.step, t.handled_at, t.code
  FROM (SELECT topic, partition, position, handled_at, code FROM annals.step_rejections
         WHERE topic = $1 AND partition = $2
         UNION ALL
        SELECT topic, partition, position, handled_at, NULL FROM annals.unchanged_steps
         WHERE topic = $1 AND partition = $2) AS t
  JOIN annals.saga_outbox AS o ON o.topic = t.topic AND o.partition = t.partition AND o.position = t.position
 WHERE t.handled_at < clock_timestamp() - $3::float8 * interval '1 second'
 ORDER BY t.position
 LIMIT $4
