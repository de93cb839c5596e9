-- Questions about the past: all that shares a correlation id, in the order of time, so that a bounded answer reads no more
-- than it gives. Writers wait while the index of a table that has rows already is built.

CREATE INDEX commands_correlation ON annals.commands (correlation_id, handled_at);
CREATE INDEX saga_outbox_correlation ON annals.saga_outbox (correlation_id, decided_at);
CREATE INDEX sagas_correlation ON annals.sagas (correlation_id, started_at);
