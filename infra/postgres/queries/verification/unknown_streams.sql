-- $1 context, $2 list of stream ids (see annals.listed): those without any event.
SELECT wanted.id
  FROM unnest(annals.listed($2)) AS wanted(id)
 WHERE NOT EXISTS (SELECT FROM annals.events AS e WHERE e.context = $1 AND e.stream_id = wanted.id)
