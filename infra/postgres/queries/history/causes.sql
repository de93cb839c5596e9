-- $1 context, $2 stream id, $3 list of command ids (see annals.listed): where those that were handled for this stream came
-- from. The columns of the saga are NULL for commands that no saga sent.
SELECT command.command_id::text, command.type, coalesce(command.causation_id, command.command_id::text) AS causation_id,
       sent.saga, sent.instance_id, sent.step, command.actor
  FROM unnest(annals.listed($3)::uuid[]) AS wanted(id)
 CROSS JOIN LATERAL (
       SELECT *
         FROM annals.commands
        WHERE command_id = wanted.id AND context = $1 AND stream_id = $2
        LIMIT 1
       ) AS command
  LEFT JOIN LATERAL (
       SELECT saga, instance_id, step FROM annals.saga_outbox WHERE command_id = wanted.id AND stream_id = $2 LIMIT 1
       ) AS sent ON true
