-- $1 context, $2 stream id, $3 list of command ids (see annals.listed): each with its outcome's status, null when it has
-- none.
SELECT wanted.id::text AS command_id,
       (SELECT c.status FROM annals.commands AS c
         WHERE c.command_id = wanted.id AND c.context = $1 AND c.stream_id = $2) AS status
  FROM unnest(annals.listed($3)::uuid[]) AS wanted(id)
