-- $1 topic, $2 partition, $3 list of sagas (see annals.listed), $4 at most so many of each. The rows of the internal
-- events that are due for these sagas in a lane, as of one moment: a deadline that passes while the query runs is not due.
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)
SELECT (SELECT now FROM moment) AS now,
       (SELECT json_agg(d ORDER BY d.due_at)
          FROM (SELECT saga, instance_id, name, due_at, event_id, correlation_id, actor, traceparent
                  FROM annals.deadlines
                 WHERE topic = $1 AND partition = $2 AND due_at <= (SELECT now FROM moment)
                   AND saga = ANY(annals.listed($3))
                 ORDER BY due_at
                 LIMIT $4) AS d)::text AS deadlines,
       (SELECT json_agg(r ORDER BY r.position)
          FROM (SELECT o.position, o.saga, o.instance_id, o.step, o.stream_id, o.command_id, r.code, r.handled_at,
                       o.correlation_id, o.actor, o.traceparent, o.causation_id
                  FROM annals.step_rejections AS r
                  JOIN annals.saga_outbox AS o USING (topic, partition, position)
                 WHERE r.topic = $1 AND r.partition = $2 AND o.saga = ANY(annals.listed($3))
                 ORDER BY r.position
                 LIMIT $4) AS r)::text AS rejections,
       (SELECT json_agg(u ORDER BY u.position)
          FROM (SELECT o.position, o.saga, o.instance_id, o.step, o.stream_id, o.command_id, u.handled_at,
                       o.correlation_id, o.actor, o.traceparent
                  FROM annals.unchanged_steps AS u
                  JOIN annals.saga_outbox AS o USING (topic, partition, position)
                 WHERE u.topic = $1 AND u.partition = $2 AND o.saga = ANY(annals.listed($3))
                 ORDER BY u.position
                 LIMIT $4) AS u)::text AS unchanged
