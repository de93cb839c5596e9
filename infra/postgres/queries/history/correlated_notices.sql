-- $1 correlation id, $2 limit: the internal events that these instances handled. The limit holds for each instance too.
SELECT notice.*
  FROM (SELECT saga, instance_id FROM annals.sagas WHERE correlation_id = $1 ORDER BY started_at LIMIT $2) AS started
 CROSS JOIN LATERAL (
       SELECT saga, instance_id, event_id::text, type, recorded_at, data::text
         FROM annals.saga_journal
        WHERE saga = started.saga AND instance_id = started.instance_id AND sequence = 0
        ORDER BY version
        LIMIT $2
       ) AS notice
 LIMIT $2
