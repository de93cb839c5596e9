-- $1 list of command ids (see annals.listed): where the handled ones came from; the saga's columns are null for those that
-- no saga sent.
SELECT found.command_id::text, found.type, found.causation_id, sent.saga, sent.instance_id, sent.step
  FROM unnest(annals.listed($1)::uuid[]) AS wanted(id)
 CROSS JOIN LATERAL (
       SELECT command_id, type, causation_id FROM annals.commands WHERE command_id = wanted.id LIMIT 1
       ) AS found
  LEFT JOIN LATERAL (
       SELECT saga, instance_id, step FROM annals.saga_outbox WHERE command_id = wanted.id LIMIT 1
       ) AS sent ON true
