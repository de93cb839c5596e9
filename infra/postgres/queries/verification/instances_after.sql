-- $1 saga, $2 after this instance, $3 limit: the next instances that are stored or have a journal. Each of the latter is
-- found by one step in the journal's key.
WITH RECURSIVE journalled AS (
    (SELECT instance_id, 1 AS number FROM annals.saga_journal
      WHERE saga = $1 AND instance_id > $2 ORDER BY instance_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.instance_id FROM annals.saga_journal AS n
             WHERE n.saga = $1 AND n.instance_id > j.instance_id ORDER BY n.instance_id LIMIT 1), j.number + 1
      FROM journalled AS j WHERE j.instance_id IS NOT NULL AND j.number < $3
), stored AS (
    SELECT instance_id FROM annals.sagas WHERE saga = $1 AND instance_id > $2 ORDER BY instance_id LIMIT $3
), page AS (
    SELECT instance_id FROM journalled WHERE instance_id IS NOT NULL
     UNION SELECT instance_id FROM stored ORDER BY instance_id LIMIT $3
)
SELECT p.instance_id, s.version, s.status, s.state::text, s.correlation_id, s.started_at, s.seed::text, s.seeded_to
  FROM page AS p
  LEFT JOIN annals.sagas AS s ON s.saga = $1 AND s.instance_id = p.instance_id
 ORDER BY p.instance_id
