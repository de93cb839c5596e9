-- The truth: lanes, events, outcomes, reservations and credentials.

CREATE TABLE annals.lanes (
    role               text        NOT NULL CHECK (role IN ('command', 'saga')),
    topic              text        NOT NULL,
    partition          integer     NOT NULL CHECK (partition >= 0),
    epoch              bigint      NOT NULL DEFAULT 0,
    consumed           bigint      NOT NULL DEFAULT 0,
    sequence           bigint      NOT NULL DEFAULT 0,
    published_sequence bigint      NOT NULL DEFAULT 0,
    published_offset   bigint      NOT NULL DEFAULT -1,
    input_sequence     bigint      NOT NULL DEFAULT 0,
    owner              text,
    taken_at           timestamptz,
    PRIMARY KEY (role, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON COLUMN annals.lanes.epoch IS 'Goes up by one with each owner; a write in an older epoch is refused.';
COMMENT ON COLUMN annals.lanes.consumed IS 'The next offset of the topic to read.';
COMMENT ON COLUMN annals.lanes.sequence IS 'The last number handed out: of events (command) or of outbox positions (saga).';
COMMENT ON COLUMN annals.lanes.published_sequence IS 'The last number known to be acknowledged by Kafka; lags by a batch or two.';
COMMENT ON COLUMN annals.lanes.published_offset IS 'Where in the event topic that number stands; -1 when none does.';
COMMENT ON COLUMN annals.lanes.input_sequence IS 'Sagas: the last event sequence applied; repeats of it are dropped.';

CREATE TABLE annals.events (
    context        text        NOT NULL,
    partition      integer     NOT NULL,
    sequence       bigint      NOT NULL,
    stream_id      text        NOT NULL,
    stream_version bigint      NOT NULL,
    event_id       uuid        NOT NULL,
    type           text        NOT NULL,
    schema_version integer     NOT NULL,
    data           jsonb       NOT NULL,
    command_id     uuid        NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text        NOT NULL,
    actor          text,
    traceparent    text,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (context, partition, sequence),
    CONSTRAINT events_stream UNIQUE (context, stream_id, stream_version)
);

CREATE FUNCTION annals.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'annals.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'Correct the past with a compensating command.';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.events
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
-- ALWAYS: also for sessions that act as a replica, where ordinary triggers are silent.
ALTER TABLE annals.events ENABLE ALWAYS TRIGGER append_only;

CREATE TABLE annals.commands (
    command_id     uuid        PRIMARY KEY,
    type           text        NOT NULL,
    context        text        NOT NULL,
    stream_id      text        NOT NULL,
    status         text        NOT NULL CHECK (status IN ('accepted', 'rejected', 'failed')),
    partition      integer     NOT NULL,
    sequence       bigint      NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text        NOT NULL,
    actor          text,
    handled_at     timestamptz NOT NULL,
    outcome        json        NOT NULL
);
COMMENT ON COLUMN annals.commands.outcome IS 'The reply, byte for byte: a repeat of the command is answered with it.';

CREATE TABLE annals.unique_claims (
    context     text        NOT NULL,
    scope       text        NOT NULL,
    key         text        NOT NULL,
    stream_id   text        NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (context, scope, key)
);

CREATE TABLE annals.credentials (
    context    text        NOT NULL,
    stream_id  text        NOT NULL,
    secret     text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (context, stream_id)
);
COMMENT ON COLUMN annals.credentials.secret IS 'An argon2id hash. It is in no event, no outcome and no read model.';
