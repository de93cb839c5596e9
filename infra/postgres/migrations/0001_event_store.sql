-- The event store: lanes, events, outcomes of commands, unique claims, credentials and snapshots.

CREATE TABLE annals.lanes (
    role               text        NOT NULL CHECK (role IN ('command', 'saga')),
    topic              text        NOT NULL,
    partition          integer     NOT NULL CHECK (partition >= 0),
    epoch              bigint      NOT NULL DEFAULT 0,
    owner              text,
    acquired_at        timestamptz,
    topic_id           text        NOT NULL DEFAULT '',
    consumed           bigint      NOT NULL DEFAULT 0,
    last_offset        bigint      NOT NULL DEFAULT -1,
    last_timestamp     bigint      NOT NULL DEFAULT 0,
    input_sequence     bigint      NOT NULL DEFAULT 0,
    sequence           bigint      NOT NULL DEFAULT 0,
    published_topic_id text        NOT NULL DEFAULT '',
    published_sequence bigint      NOT NULL DEFAULT 0,
    published_offset   bigint      NOT NULL DEFAULT -1,
    PRIMARY KEY (role, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE annals.lanes IS 'One partition of one input topic for one role: the unit of ordering, ownership and fencing.';
COMMENT ON COLUMN annals.lanes.epoch IS 'Increases by one with each owner. A write in an older epoch is refused.';
COMMENT ON COLUMN annals.lanes.owner IS 'The process that owns the lane; NULL after an orderly release.';
COMMENT ON COLUMN annals.lanes.topic_id IS 'The id of the topic to which consumed refers; empty when it is not known yet.';
COMMENT ON COLUMN annals.lanes.consumed IS 'The next offset of the topic to read.';
COMMENT ON COLUMN annals.lanes.last_offset IS 'The offset of the last record that was handled; its timestamp counts only when this is consumed - 1.';
COMMENT ON COLUMN annals.lanes.last_timestamp IS 'The timestamp of that record in milliseconds. The next owner uses it to see whether the topic still has the record.';
COMMENT ON COLUMN annals.lanes.input_sequence IS 'Sagas: the last event sequence applied. Repeats of it are dropped.';
COMMENT ON COLUMN annals.lanes.sequence IS 'The last number assigned: to an event (command) or to a step in the outbox (saga).';
COMMENT ON COLUMN annals.lanes.published_topic_id IS 'The id of the topic to which published_offset refers; empty when it is not known yet.';
COMMENT ON COLUMN annals.lanes.published_sequence IS 'The last number that Kafka is known to have acknowledged. It lags by a batch or two.';
COMMENT ON COLUMN annals.lanes.published_offset IS 'The offset of that number in the output topic; -1 when there is none.';

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
COMMENT ON TABLE annals.events IS 'Every event of every stream. Rows are only inserted.';

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
CREATE INDEX commands_correlation ON annals.commands (correlation_id, handled_at);
COMMENT ON TABLE annals.commands IS 'Every command that was handled, with its outcome.';
COMMENT ON COLUMN annals.commands.outcome IS 'The reply, byte for byte. A repeat of the command gets the same reply.';

CREATE TABLE annals.unique_claims (
    context    text        NOT NULL,
    scope      text        NOT NULL,
    key        text        NOT NULL,
    stream_id  text        NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (context, scope, key)
);
COMMENT ON TABLE annals.unique_claims IS 'Which stream holds which unique value, such as an e-mail address.';

CREATE TABLE annals.credentials (
    context    text        NOT NULL,
    stream_id  text        NOT NULL,
    secret     text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (context, stream_id)
);
COMMENT ON COLUMN annals.credentials.secret IS 'An argon2id hash. It is in no event, no outcome and no read model.';

-- A stream's state after one of its events, so that a long stream need not be folded from its first event each time. A
-- reader checks a snapshot and folds all events when it does not fit. Any snapshot may be deleted.
CREATE TABLE annals.snapshots (
    context        text        NOT NULL,
    stream_id      text        NOT NULL,
    stream_version bigint      NOT NULL,
    fingerprint    text        NOT NULL,
    digest         text        NOT NULL,
    state          json        NOT NULL,
    taken_at       timestamptz NOT NULL,
    PRIMARY KEY (context, stream_id)
);
COMMENT ON TABLE annals.snapshots IS 'The latest snapshot of each long stream. Any may be deleted.';
COMMENT ON COLUMN annals.snapshots.fingerprint IS 'The fingerprint of the code that folded the state. Other code does not use it.';
COMMENT ON COLUMN annals.snapshots.digest IS 'SHA-256 of the row and of the id of the last event that is part of the state.';
