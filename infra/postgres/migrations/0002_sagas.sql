-- Sagas: instances and their journals, the outbox of their commands, deadlines, answers to steps, parked streams.

CREATE TABLE annals.sagas (
    saga           text        NOT NULL,
    instance_id    text        NOT NULL,
    status         text        NOT NULL,
    state          jsonb       NOT NULL,
    correlation_id text        NOT NULL,
    started_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    version        bigint      NOT NULL DEFAULT 0,
    applied        integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (saga, instance_id)
);
CREATE INDEX sagas_correlation ON annals.sagas (correlation_id, started_at);
COMMENT ON TABLE annals.sagas IS 'The instances of all sagas. Several lanes may change an instance.';
COMMENT ON COLUMN annals.sagas.version IS 'How many events the instance has applied. A batch that was decided on another version is refused.';
COMMENT ON COLUMN annals.sagas.applied IS 'How many of them the last batch applied: it was decided on version - applied.';

CREATE TABLE annals.saga_journal (
    saga        text        NOT NULL,
    instance_id text        NOT NULL,
    version     bigint      NOT NULL,
    type        text        NOT NULL,
    context     text        NOT NULL,
    partition   integer     NOT NULL,
    sequence    bigint      NOT NULL,
    event_id    uuid        NOT NULL,
    recorded_at timestamptz NOT NULL,
    status      text        NOT NULL,
    data        json,
    applied_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (saga, instance_id, version)
);
COMMENT ON TABLE annals.saga_journal IS 'The events that each instance applied, in its order. The fold of them is its state.';
COMMENT ON COLUMN annals.saga_journal.sequence IS 'The event''s sequence in annals.events; 0 for an internal event of the instance, which is in data.';
COMMENT ON COLUMN annals.saga_journal.status IS 'The status of the instance after the event.';

CREATE TABLE annals.saga_outbox (
    topic             text        NOT NULL,
    partition         integer     NOT NULL,
    position          bigint      NOT NULL,
    saga              text        NOT NULL,
    instance_id       text        NOT NULL,
    step              text        NOT NULL,
    command_id        uuid        NOT NULL,
    command_type      text        NOT NULL,
    stream_id         text        NOT NULL,
    data              json        NOT NULL,
    correlation_id    text        NOT NULL,
    causation_id      text        NOT NULL,
    actor             text,
    traceparent       text,
    caused_at         timestamptz NOT NULL,
    decided_at        timestamptz NOT NULL DEFAULT now(),
    handles_rejection boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (topic, partition, position)
);
CREATE INDEX saga_outbox_instance ON annals.saga_outbox (saga, instance_id);
CREATE INDEX saga_outbox_command ON annals.saga_outbox (command_id);
CREATE INDEX saga_outbox_correlation ON annals.saga_outbox (correlation_id, decided_at);
COMMENT ON TABLE annals.saga_outbox IS 'Every step that sagas decided on. Those above published_sequence of their lane are still to be sent.';
COMMENT ON COLUMN annals.saga_outbox.topic IS 'The lane: the event topic and partition whose event led to the step.';
COMMENT ON COLUMN annals.saga_outbox.handles_rejection IS 'Whether the instance is told of an answer that is no event: a rejection, or that nothing changed.';

-- A saga, or a type of event that it reacts to, may come with a later release. It does not get the events of before, and
-- `annals verify` does not miss them.
CREATE TABLE annals.saga_beginnings (
    saga           text        NOT NULL,
    event_type     text        NOT NULL,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    after_sequence bigint      NOT NULL,
    began_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, saga, event_type)
);
COMMENT ON TABLE annals.saga_beginnings IS 'From where on each saga follows each type of event, by lane.';
COMMENT ON COLUMN annals.saga_beginnings.after_sequence IS 'The saga does not apply events of this lane up to this sequence.';

CREATE TABLE annals.deadlines (
    saga           text        NOT NULL,
    instance_id    text        NOT NULL,
    name           text        NOT NULL,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    due_at         timestamptz NOT NULL,
    event_id       uuid        NOT NULL,
    correlation_id text        NOT NULL,
    actor          text,
    traceparent    text,
    PRIMARY KEY (saga, instance_id, name)
);
CREATE INDEX deadlines_due ON annals.deadlines (topic, partition, due_at);
COMMENT ON TABLE annals.deadlines IS 'Deadlines of instances that have not passed and were not cleared.';
COMMENT ON COLUMN annals.deadlines.topic IS 'The lane that set it. The owner of this lane lets it pass.';

CREATE TABLE annals.step_rejections (
    topic      text        NOT NULL,
    partition  integer     NOT NULL,
    position   bigint      NOT NULL,
    code       text        NOT NULL,
    handled_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, position)
);
COMMENT ON TABLE annals.step_rejections IS 'Steps whose command was not accepted, until their instance has handled that.';

CREATE TABLE annals.unchanged_steps (
    topic      text        NOT NULL,
    partition  integer     NOT NULL,
    position   bigint      NOT NULL,
    handled_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, position)
);
COMMENT ON TABLE annals.unchanged_steps IS 'Steps whose command was accepted without events, until their instance has handled that.';

-- What is parked for a read model is in Redis: it must come and go in the transaction of the checkpoint.
CREATE TABLE annals.parked_streams (
    topic            text        NOT NULL,
    partition        integer     NOT NULL,
    saga             text        NOT NULL,
    stream_id        text        NOT NULL,
    stream_version   bigint      NOT NULL,
    sequence         bigint      NOT NULL,
    event_type       text        NOT NULL,
    error            text        NOT NULL,
    attempts         integer     NOT NULL,
    recorded_at      timestamptz NOT NULL,
    requested_action text        CHECK (requested_action IN ('retry', 'skip')),
    PRIMARY KEY (topic, partition, saga, stream_id)
);
COMMENT ON TABLE annals.parked_streams IS 'Streams that wait, because the code of a saga failed on their next event.';
COMMENT ON COLUMN annals.parked_streams.stream_version IS 'The first event of the stream that the saga has not applied.';
COMMENT ON COLUMN annals.parked_streams.requested_action IS 'What an operator asks the lane''s owner to do.';
