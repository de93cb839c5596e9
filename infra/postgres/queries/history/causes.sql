-- $1 list of command ids (see annals.listed): where those that were handled came from. The columns of the saga are NULL
-- for commands that no saga sent.
SELECT command.command_id::text, command.type, command.causation_id, sent.saga, sent.instance_id, sent.step
  FROM unnest(annals.listed($1)::uuid[]) AS wanted(id)
 CROSS JOIN LATERAL (
       SELECT command_id, type, coalesce(causation_id, command_id::text) AS causation_id FROM annals.commands WHERE command_id = wanted.id LIMIT 1
       ) AS command
  LEFT JOIN LATERAL (
       SELECT saga, instance_id, step FROM annals.saga_outbox WHERE command_id = wanted.id LIMIT 1
       ) AS sent ON true
