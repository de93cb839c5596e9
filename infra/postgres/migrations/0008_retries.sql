-- A dead letter's command is sent again under an id that follows from the earlier attempts. The database sees to it that
-- two operators who retry at the same time make one attempt: the second notes that he sent the same id again.

CREATE UNIQUE INDEX interventions_attempt ON annals.interventions ((details->>'command_id'))
    WHERE action = 'dlq-retry';
CREATE INDEX interventions_attempts ON annals.interventions ((details->>'root_id'), id)
    WHERE action = 'dlq-retry';
