-- $1 list of command ids (see annals.listed): those that no accepted command has.
SELECT wanted.id::text AS command_id
  FROM unnest(annals.listed($1)::uuid[]) AS wanted(id)
 WHERE NOT EXISTS (SELECT FROM annals.commands AS c WHERE c.command_id = wanted.id AND c.status = 'accepted')
