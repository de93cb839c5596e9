-- $1 saga, $2 list of instances (see annals.listed): their steps, the outcome of each command (not of
-- another one under its id), and whether an answer that is no event waits: a rejection, or that nothing was changed.
SELECT o.position, o.saga, o.instance_id, o.step, o.command_id::text, o.command_type, o.stream_id, o.data::text,
       o.correlation_id, o.causation_id, o.actor, o.traceparent, o.caused_at, o.handles_rejection,
       o.topic, o.partition, c.status, coalesce(c.error ->> 'code', c.status) AS code, c.handled_at,
       coalesce(c.status = 'accepted' AND c.event_count = 0, false) AS unchanged,
       r.position IS NOT NULL OR u.position IS NOT NULL AS waits
  FROM annals.saga_outbox AS o
  LEFT JOIN annals.commands AS c ON c.command_id = o.command_id AND annals.answers(c, o)
  LEFT JOIN annals.step_rejections AS r ON r.topic = o.topic AND r.partition = o.partition AND r.position = o.position
  LEFT JOIN annals.unchanged_steps AS u
    ON u.topic = o.topic AND u.partition = o.partition AND u.position = o.position
 WHERE o.saga = $1 AND o.instance_id = ANY(annals.listed($2))
 ORDER BY o.instance_id, o.topic, o.partition, o.position
