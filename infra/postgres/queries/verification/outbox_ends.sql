-- $1 topic of events. One probe of the primary key a lane, from its last step to that of the lane before.
WITH RECURSIVE ends (partition, position) AS (
    (SELECT partition, position
       FROM annals.saga_outbox
      WHERE topic = $1
      ORDER BY partition DESC, position DESC
      LIMIT 1)
    UNION ALL
    SELECT previous.partition, previous.position
      FROM ends
     CROSS JOIN LATERAL (
        SELECT partition, position
          FROM annals.saga_outbox
         WHERE topic = $1 AND partition < ends.partition
         ORDER BY partition DESC, position DESC
         LIMIT 1) previous
)
SELECT partition, position FROM ends
