-- $1 list of command ids: those of them that have no outcome.
SELECT w.command_id::text FROM unnest(annals.listed($1)::uuid[]) AS w(command_id)
 WHERE NOT EXISTS (SELECT FROM annals.commands AS c WHERE c.command_id = w.command_id)
