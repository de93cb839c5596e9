-- $1 list of command ids (see annals.listed): each with its outcome's status, null when it has none.
SELECT wanted.id::text AS command_id,
       (SELECT c.status FROM annals.commands AS c WHERE c.command_id = wanted.id LIMIT 1) AS status
  FROM unnest(annals.listed($1)::uuid[]) AS wanted(id)
