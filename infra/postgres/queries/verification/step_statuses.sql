-- $1 topic, $2 partition, $3 list of positions (see annals.listed): these steps of a lane, each with its outcome's status,
-- null when it has none, and whether another command of its stream was handled under its id.
SELECT o.command_id::text, CASE WHEN annals.answers(c, o) THEN c.status END AS status,
       c.command_id IS NOT NULL AND NOT annals.answers(c, o) AS id_used_by_another
  FROM unnest(annals.listed($3)::bigint[]) AS wanted(position)
  JOIN annals.saga_outbox AS o ON o.topic = $1 AND o.partition = $2 AND o.position = wanted.position
  LEFT JOIN annals.commands AS c
    ON c.command_id = o.command_id AND c.context = split_part(o.command_type, '.', 1) AND c.stream_id = o.stream_id
