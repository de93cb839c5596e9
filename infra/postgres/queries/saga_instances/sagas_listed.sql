-- $1 saga, $2 status, $3 whether ended (null: whichever), $4 and $5 the declared endings (sagas and statuses, see
-- annals.listed), $6 limit. The last changed first.
SELECT chosen.*, now() AS asked_at, next.name AS deadline, next.due_at, steps.sent, steps.answered
  FROM (SELECT saga, instance_id, status, version, correlation_id, started_at, updated_at, is_ended
          FROM annals.sagas AS s
         CROSS JOIN LATERAL (
               SELECT EXISTS (
                      SELECT FROM unnest(annals.listed($4), annals.listed($5)) AS e(saga, status)
                       WHERE e.saga = s.saga AND e.status = s.status
                      )
               ) AS has(is_ended)
         WHERE ($1::text IS NULL OR saga = $1) AND ($2::text IS NULL OR status = $2)
           AND ($3::boolean IS NULL OR is_ended = $3)
         ORDER BY updated_at DESC, saga, instance_id
         LIMIT $6
       ) AS chosen
  LEFT JOIN LATERAL (
       SELECT d.name, d.due_at
         FROM annals.deadlines AS d
        WHERE d.saga = chosen.saga AND d.instance_id = chosen.instance_id
        ORDER BY d.due_at
        LIMIT 1
       ) AS next ON true
 CROSS JOIN LATERAL (
       SELECT count(*) AS sent, count(c.command_id) AS answered
         FROM annals.saga_outbox AS o
         LEFT JOIN annals.commands AS c ON c.command_id = o.command_id AND annals.answers(c, o)
        WHERE o.saga = chosen.saga AND o.instance_id = chosen.instance_id
       ) AS steps
 ORDER BY chosen.updated_at DESC, chosen.saga, chosen.instance_id
