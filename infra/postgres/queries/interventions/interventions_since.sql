-- $1 after this number, $2 limit.
SELECT i.id, i.at, i.actor, i.action, i.target, i.reason, i.details::text AS details
  FROM annals.interventions AS i
 WHERE i.id > $1 ORDER BY i.id LIMIT $2
