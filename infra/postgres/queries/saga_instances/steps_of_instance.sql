-- $1 saga, $2 instance id, $3 limit: the last steps, the latest first, each with its outcome as far as there is one.
SELECT o.step, o.command_id::text, o.command_type, o.stream_id, o.causation_id, o.decided_at,
       c.status AS outcome, c.error ->> 'code' AS code, c.handled_at
  FROM annals.saga_outbox AS o
  LEFT JOIN annals.commands AS c ON c.command_id = o.command_id AND annals.answers(c, o)
 WHERE o.saga = $1 AND o.instance_id = $2
 ORDER BY o.decided_at DESC, o.topic, o.partition, o.position DESC
 LIMIT $3
