-- Generations of a context's streams (`annals streams`). What was recorded keeps its bytes in annals.events. A generation
-- holds what a function has made of some of these events, in their places: the same stream, version, sequence and id, so
-- outcomes, journals, checkpoints and the positions of other services mean the same in every generation.

CREATE TABLE annals.stream_generations (
    context     text        NOT NULL,
    generation  integer     NOT NULL CHECK (generation > 0),
    copied_from integer     NOT NULL CHECK (copied_from >= 0),
    transform   text        NOT NULL,
    fingerprint text        NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (context, generation)
);
COMMENT ON TABLE annals.stream_generations IS 'Copies of contexts, made by functions. Generation 0 of each is what was recorded.';
COMMENT ON COLUMN annals.stream_generations.copied_from IS 'The generation that was live when the copy was begun: what the function was given.';
COMMENT ON COLUMN annals.stream_generations.transform IS 'The function, as module:name.';
COMMENT ON COLUMN annals.stream_generations.fingerprint IS 'Of the function''s code. Other code does not continue the copy.';

CREATE TABLE annals.copied_lanes (
    context    text    NOT NULL,
    generation integer NOT NULL,
    partition  integer NOT NULL,
    copied_to  bigint  NOT NULL DEFAULT 0,
    changed    bigint  NOT NULL DEFAULT 0,
    types      text[]  NOT NULL DEFAULT '{}',
    PRIMARY KEY (context, generation, partition),
    FOREIGN KEY (context, generation) REFERENCES annals.stream_generations
);
COMMENT ON TABLE annals.copied_lanes IS 'How far each lane was copied.';
COMMENT ON COLUMN annals.copied_lanes.copied_to IS 'The last sequence that the function was given.';
COMMENT ON COLUMN annals.copied_lanes.changed IS 'How many of these events differ from what was recorded.';
COMMENT ON COLUMN annals.copied_lanes.types IS 'The wire types of those. Who reads the generation must know them.';

CREATE TABLE annals.copied_events (
    context        text    NOT NULL,
    partition      integer NOT NULL,
    sequence       bigint  NOT NULL,
    generation     integer NOT NULL,
    stream_id      text    NOT NULL,
    type           text    NOT NULL,
    schema_version integer NOT NULL,
    data           jsonb   NOT NULL,
    PRIMARY KEY (context, partition, sequence, generation),
    FOREIGN KEY (context, generation) REFERENCES annals.stream_generations
);
CREATE INDEX copied_events_stream ON annals.copied_events (context, stream_id, generation);
COMMENT ON TABLE annals.copied_events IS 'The events of each generation that differ from what was recorded. Rows are only inserted.';

CREATE TABLE annals.live_generations (
    context        text        PRIMARY KEY,
    generation     integer     NOT NULL CHECK (generation >= 0),
    previous       integer     NOT NULL CHECK (previous >= 0),
    switched_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    log_renewed_at timestamptz
);
COMMENT ON TABLE annals.live_generations IS 'Which generation of a context everybody reads. A context without a row: what was recorded.';
COMMENT ON COLUMN annals.live_generations.log_renewed_at IS 'When the topic of events was made anew after the switch. NULL: this is still to be done.';

-- A look-up by keys for each event, so that every reader of annals.events can read this instead.
CREATE VIEW annals.live_events AS
SELECT event.context, event.partition, event.sequence, event.stream_id, event.stream_version, event.event_id,
       coalesce(copied.type, event.type) AS type,
       coalesce(copied.schema_version, event.schema_version) AS schema_version,
       coalesce(copied.data, event.data) AS data,
       event.command_id, event.correlation_id, event.causation_id, event.actor, event.traceparent, event.recorded_at
  FROM annals.events AS event
  LEFT JOIN annals.live_generations AS live ON live.context = event.context AND live.generation > 0
  LEFT JOIN annals.copied_events AS copied
    ON copied.context = event.context AND copied.partition = event.partition AND copied.sequence = event.sequence
       AND copied.generation = live.generation;
COMMENT ON VIEW annals.live_events IS 'Every event as the live generation of its context has it.';
