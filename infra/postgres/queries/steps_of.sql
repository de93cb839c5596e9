-- $1 saga, $2 list of instances (see annals.listed): their steps, what became of each command, and whether a refusal waits.
SELECT o.position, o.saga, o.instance_id, o.step, o.command_id::text, o.command_type, o.stream_id, o.data::text,
       o.correlation_id, o.causation_id, o.actor, o.traceparent, o.caused_at, o.hears_refusal,
       o.topic, o.partition, c.status, coalesce(c.outcome #>> '{error,code}', c.status) AS code, c.handled_at,
       r.position IS NOT NULL AS waits
  FROM annals.saga_outbox AS o
  LEFT JOIN annals.commands AS c ON c.command_id = o.command_id
  LEFT JOIN annals.refusals AS r ON r.topic = o.topic AND r.partition = o.partition AND r.position = o.position
 WHERE o.saga = $1 AND o.instance_id = ANY(annals.listed($2))
 ORDER BY o.instance_id, o.topic, o.partition, o.position
