-- $1 list of targets (see annals.listed).
SELECT i.id, i.at, i.actor, i.action, i.target, i.reason, i.details::text AS details
  FROM unnest(annals.listed($1)) AS wanted(target)
  JOIN annals.interventions AS i ON i.target = wanted.target
 ORDER BY i.id
