-- $1 actor, $2 target, $3 reason, $4 details with command_id and root_id. Says what it was: the first sending under this
-- command id (dlq-retry) or one more (dlq-resend). A loser of a race waits for the winner here.
WITH first AS (
    INSERT INTO annals.interventions (actor, action, target, reason, details)
    VALUES ($1, 'dlq-retry', $2, $3, $4::jsonb)
    ON CONFLICT ((details->>'command_id')) WHERE action = 'dlq-retry' DO NOTHING
    RETURNING action
), again AS (
    INSERT INTO annals.interventions (actor, action, target, reason, details)
    SELECT $1, 'dlq-resend', $2, $3, $4::jsonb WHERE NOT EXISTS (SELECT FROM first)
    RETURNING action
)
SELECT action FROM first UNION ALL SELECT action FROM again
