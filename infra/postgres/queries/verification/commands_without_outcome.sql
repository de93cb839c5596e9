-- $1 context, $2 and $3 commands by stream id and command id (see annals.listed): those that have no outcome.
SELECT wanted.stream_id, wanted.id::text AS command_id
  FROM unnest(annals.listed($2), annals.listed($3)::uuid[]) AS wanted(stream_id, id)
 WHERE NOT EXISTS (
       SELECT FROM annals.commands AS c
        WHERE c.command_id = wanted.id AND c.context = $1 AND c.stream_id = wanted.stream_id
       )
