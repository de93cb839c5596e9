-- $1 context. One probe of the primary key a lane, from its last event to that of the lane before.
WITH RECURSIVE ends (partition, sequence) AS (
    (SELECT partition, sequence
       FROM annals.events
      WHERE context = $1
      ORDER BY partition DESC, sequence DESC
      LIMIT 1)
    UNION ALL
    SELECT previous.partition, previous.sequence
      FROM ends
     CROSS JOIN LATERAL (
        SELECT partition, sequence
          FROM annals.events
         WHERE context = $1 AND partition < ends.partition
         ORDER BY partition DESC, sequence DESC
         LIMIT 1) previous
)
SELECT partition, sequence FROM ends
