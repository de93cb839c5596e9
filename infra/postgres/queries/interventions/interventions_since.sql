-- $1 after this number, $2 limit.
SELECT id, action, target, at FROM annals.interventions WHERE id > $1 ORDER BY id LIMIT $2
