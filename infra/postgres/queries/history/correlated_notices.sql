-- $1 correlation id, $2 limit: what those instances heard besides the log. The limit holds for each of them too.
SELECT heard.*
  FROM (SELECT saga, instance_id FROM annals.sagas WHERE correlation_id = $1 ORDER BY started_at LIMIT $2) AS started
 CROSS JOIN LATERAL (
       SELECT saga, instance_id, event_id::text, type, recorded_at, data::text
         FROM annals.saga_journal
        WHERE saga = started.saga AND instance_id = started.instance_id AND sequence = 0
        ORDER BY version
        LIMIT $2
       ) AS heard
 LIMIT $2
