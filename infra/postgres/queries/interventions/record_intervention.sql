INSERT INTO annals.interventions (actor, action, target, reason, details)
VALUES ($1, $2, $3, $4, $5::jsonb) RETURNING id
