-- The schema of the database after all migrations, as `python -m infra.postgres.schema URL` shows it.
-- Generated: do not edit. The bodies of the functions are in functions/.

CREATE TABLE annals.api_keys (
    id           text NOT NULL,
    name         text NOT NULL,
    scopes       text[] NOT NULL,
    hash         bytea NOT NULL,
    created_at   timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamp with time zone,
    revoked_at   timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT api_keys_id_check CHECK ((id ~ '^[0-9a-f]{16}$'::text)),
    CONSTRAINT api_keys_name_check CHECK ((name <> ''::text))
);
COMMENT ON TABLE annals.api_keys IS 'The keys of services, by the id that is part of each key. The key itself is stored nowhere.';
COMMENT ON COLUMN annals.api_keys.name IS 'The service. Several keys may have one name, so that a key can be replaced.';
COMMENT ON COLUMN annals.api_keys.hash IS 'SHA-256 of the key. On Kafka the key of the HMAC by which its holder proves who sends a command: secret.';
COMMENT ON COLUMN annals.api_keys.last_used_at IS 'To about a minute; NULL: never.';

CREATE TABLE annals.commands (
    command_id     uuid NOT NULL,
    type           text NOT NULL,
    context        text NOT NULL,
    stream_id      text NOT NULL,
    status         text NOT NULL,
    partition      integer NOT NULL,
    sequence       bigint NOT NULL,
    correlation_id text,
    causation_id   text,
    actor          text,
    handled_at     timestamp with time zone NOT NULL,
    stream_version bigint NOT NULL,
    event_count    integer NOT NULL,
    error          json,
    content_digest bytea,
    CONSTRAINT commands_pkey PRIMARY KEY (command_id, context, stream_id),
    CONSTRAINT commands_status_check CHECK ((status = ANY (ARRAY['accepted'::text, 'rejected'::text, 'failed'::text])))
);
CREATE INDEX commands_correlation ON annals.commands USING btree (correlation_id, handled_at) WHERE (correlation_id IS NOT NULL);
CREATE TRIGGER note_step_rejection AFTER INSERT ON annals.commands FOR EACH ROW WHEN ((new.status <> 'accepted'::text)) EXECUTE FUNCTION annals.note_step_rejection();
ALTER TABLE annals.commands ENABLE ALWAYS TRIGGER note_step_rejection;
CREATE TRIGGER note_unchanged_step AFTER INSERT ON annals.commands FOR EACH ROW WHEN (((new.status = 'accepted'::text) AND (new.event_count = 0) AND (new.causation_id IS NOT NULL))) EXECUTE FUNCTION annals.note_unchanged_step();
ALTER TABLE annals.commands ENABLE ALWAYS TRIGGER note_unchanged_step;
COMMENT ON TABLE annals.commands IS 'Every command that was handled, with its outcome.';
COMMENT ON COLUMN annals.commands.correlation_id IS 'NULL: the command''s own id.';
COMMENT ON COLUMN annals.commands.causation_id IS 'NULL: the command''s own id.';
COMMENT ON COLUMN annals.commands.event_count IS 'How many events the command led to. Their sequences end with `sequence`.';
COMMENT ON COLUMN annals.commands.error IS 'Code, message and details of a rejection or a failure.';
COMMENT ON COLUMN annals.commands.content_digest IS 'The first half of the SHA-256 of the command''s value.';

CREATE TABLE annals.copied_events (
    context        text NOT NULL,
    partition      integer NOT NULL,
    sequence       bigint NOT NULL,
    generation     integer NOT NULL,
    stream_id      text NOT NULL,
    type           text NOT NULL,
    schema_version integer NOT NULL,
    data           jsonb NOT NULL,
    CONSTRAINT copied_events_pkey PRIMARY KEY (context, partition, sequence, generation),
    CONSTRAINT copied_events_context_generation_fkey FOREIGN KEY (context, generation) REFERENCES annals.stream_generations(context, generation)
);
CREATE INDEX copied_events_stream ON annals.copied_events USING btree (context, stream_id, generation);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON annals.copied_events FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.copied_events ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TABLE annals.copied_events IS 'The events of each generation that differ from what was recorded. Rows are only inserted.';

CREATE TABLE annals.copied_lanes (
    context    text NOT NULL,
    generation integer NOT NULL,
    partition  integer NOT NULL,
    copied_to  bigint NOT NULL DEFAULT 0,
    changed    bigint NOT NULL DEFAULT 0,
    types      text[] NOT NULL DEFAULT '{}'::text[],
    CONSTRAINT copied_lanes_pkey PRIMARY KEY (context, generation, partition),
    CONSTRAINT copied_lanes_context_generation_fkey FOREIGN KEY (context, generation) REFERENCES annals.stream_generations(context, generation)
);
COMMENT ON TABLE annals.copied_lanes IS 'How far each lane was copied.';
COMMENT ON COLUMN annals.copied_lanes.copied_to IS 'The last sequence that the function was given.';
COMMENT ON COLUMN annals.copied_lanes.changed IS 'How many of these events differ from what was recorded.';
COMMENT ON COLUMN annals.copied_lanes.types IS 'The wire types of those. Who reads the generation must know them.';

CREATE TABLE annals.credentials (
    context    text NOT NULL,
    stream_id  text NOT NULL,
    secret     text NOT NULL,
    changed_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT credentials_pkey PRIMARY KEY (context, stream_id)
);
COMMENT ON COLUMN annals.credentials.secret IS 'An argon2id hash. It is in no event, no outcome and no read model.';

CREATE TABLE annals.deadlines (
    saga           text NOT NULL,
    instance_id    text NOT NULL,
    name           text NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    due_at         timestamp with time zone NOT NULL,
    event_id       uuid NOT NULL,
    correlation_id text NOT NULL,
    actor          text,
    traceparent    text,
    CONSTRAINT deadlines_pkey PRIMARY KEY (saga, instance_id, name)
);
CREATE INDEX deadlines_due ON annals.deadlines USING btree (topic, partition, due_at);
COMMENT ON TABLE annals.deadlines IS 'Deadlines of instances that have not passed and were not cleared.';
COMMENT ON COLUMN annals.deadlines.topic IS 'The lane that set it. The owner of this lane lets it pass.';

CREATE TABLE annals.events (
    context        text NOT NULL,
    partition      integer NOT NULL,
    sequence       bigint NOT NULL,
    stream_id      text NOT NULL,
    stream_version bigint NOT NULL,
    event_id       uuid NOT NULL,
    type           text NOT NULL,
    schema_version integer NOT NULL,
    data           jsonb NOT NULL,
    command_id     uuid NOT NULL,
    correlation_id text NOT NULL,
    causation_id   text NOT NULL,
    actor          text,
    traceparent    text,
    recorded_at    timestamp with time zone NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (context, partition, sequence),
    CONSTRAINT events_stream UNIQUE (context, stream_id, stream_version)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON annals.events FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.events ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TABLE annals.events IS 'Every event of every stream. Rows are only inserted.';

CREATE TABLE annals.functions (
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT functions_pkey PRIMARY KEY (name, checksum)
);
COMMENT ON TABLE annals.functions IS 'Every text of each function that was applied. The last one is in the database.';

CREATE TABLE annals.installation (
    is_installation boolean NOT NULL DEFAULT true,
    partitions      integer NOT NULL,
    decided_at      timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT installation_pkey PRIMARY KEY (is_installation),
    CONSTRAINT installation_is_installation_check CHECK (is_installation),
    CONSTRAINT installation_partitions_check CHECK ((partitions > 0))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON annals.installation FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.installation ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TABLE annals.installation IS 'One row. How many lanes each context has never changes: another number would move streams between lanes.';

CREATE TABLE annals.interventions (
    id      bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    at      timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    actor   text NOT NULL,
    action  text NOT NULL,
    target  text NOT NULL,
    reason  text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT interventions_pkey PRIMARY KEY (id)
);
CREATE INDEX interventions_attempts ON annals.interventions USING btree (((details ->> 'root_id'::text)), id) WHERE (action = 'dlq-retry'::text);
CREATE INDEX interventions_target ON annals.interventions USING btree (target, id);
CREATE UNIQUE INDEX interventions_attempt ON annals.interventions USING btree (((details ->> 'command_id'::text))) WHERE (action = 'dlq-retry'::text);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON annals.interventions FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.interventions ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TABLE annals.interventions IS 'Every action of an operator: who did what, when and why. Rows are only inserted.';
COMMENT ON COLUMN annals.interventions.target IS 'What the action was about, as the command line names it.';

CREATE TABLE annals.lanes (
    role               text NOT NULL,
    topic              text NOT NULL,
    partition          integer NOT NULL,
    epoch              bigint NOT NULL DEFAULT 0,
    owner              text,
    acquired_at        timestamp with time zone,
    topic_id           text NOT NULL DEFAULT ''::text,
    consumed           bigint NOT NULL DEFAULT 0,
    last_offset        bigint NOT NULL DEFAULT '-1'::integer,
    last_timestamp     bigint NOT NULL DEFAULT 0,
    input_sequence     bigint NOT NULL DEFAULT 0,
    sequence           bigint NOT NULL DEFAULT 0,
    published_topic_id text NOT NULL DEFAULT ''::text,
    published_sequence bigint NOT NULL DEFAULT 0,
    published_offset   bigint NOT NULL DEFAULT '-1'::integer,
    event_types        text[] NOT NULL DEFAULT '{}'::text[],
    CONSTRAINT lanes_pkey PRIMARY KEY (role, topic, partition),
    CONSTRAINT lanes_partition_check CHECK ((partition >= 0)),
    CONSTRAINT lanes_role_check CHECK ((role = ANY (ARRAY['command'::text, 'saga'::text])))
) WITH (fillfactor=50);
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
COMMENT ON COLUMN annals.lanes.event_types IS 'The wire types of the events that were written in the lane since this is noted. Its owner must know them.';

CREATE TABLE annals.live_generations (
    context        text NOT NULL,
    generation     integer NOT NULL,
    previous       integer NOT NULL,
    switched_at    timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    log_renewed_at timestamp with time zone,
    CONSTRAINT live_generations_pkey PRIMARY KEY (context),
    CONSTRAINT live_generations_generation_check CHECK ((generation >= 0)),
    CONSTRAINT live_generations_previous_check CHECK ((previous >= 0))
);
COMMENT ON TABLE annals.live_generations IS 'Which generation of a context everybody reads. A context without a row: what was recorded.';
COMMENT ON COLUMN annals.live_generations.log_renewed_at IS 'When the topic of events was made anew after the switch. NULL: this is still to be done.';

CREATE TABLE annals.log_interruptions (
    id              bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    role            text NOT NULL,
    topic           text NOT NULL,
    partition       integer NOT NULL,
    kind            text NOT NULL,
    former_topic_id text NOT NULL,
    topic_id        text NOT NULL,
    consumed        bigint NOT NULL,
    start_offset    bigint NOT NULL,
    end_offset      bigint NOT NULL,
    missing         bigint,
    resumed_at      bigint NOT NULL,
    noticed_at      timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT log_interruptions_pkey PRIMARY KEY (id),
    CONSTRAINT log_interruptions_kind_check CHECK ((kind = ANY (ARRAY['recreated'::text, 'deleted'::text, 'truncated'::text])))
);
CREATE INDEX log_interruptions_lane ON annals.log_interruptions USING btree (role, topic, partition, id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON annals.log_interruptions FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.log_interruptions ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TABLE annals.log_interruptions IS 'When a lane found that its topic is another one, or lacks records that it had not read.';
COMMENT ON COLUMN annals.log_interruptions.missing IS 'How many records may be lost unread, at most; NULL when that is unknown.';
COMMENT ON COLUMN annals.log_interruptions.resumed_at IS 'The offset from which the lane has read on.';

CREATE TABLE annals.migrations (
    number     integer NOT NULL,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT migrations_pkey PRIMARY KEY (number)
);
COMMENT ON TABLE annals.migrations IS 'Which numbered migrations were applied.';

CREATE TABLE annals.parked_streams (
    topic            text NOT NULL,
    partition        integer NOT NULL,
    saga             text NOT NULL,
    stream_id        text NOT NULL,
    stream_version   bigint NOT NULL,
    sequence         bigint NOT NULL,
    event_type       text NOT NULL,
    error            text NOT NULL,
    attempts         integer NOT NULL,
    recorded_at      timestamp with time zone NOT NULL,
    requested_action text,
    CONSTRAINT parked_streams_pkey PRIMARY KEY (topic, partition, saga, stream_id),
    CONSTRAINT parked_streams_requested_action_check CHECK ((requested_action = ANY (ARRAY['retry'::text, 'skip'::text])))
);
COMMENT ON TABLE annals.parked_streams IS 'Streams that wait, because the code of a saga failed on their next event.';
COMMENT ON COLUMN annals.parked_streams.stream_version IS 'The first event of the stream that the saga has not applied.';
COMMENT ON COLUMN annals.parked_streams.requested_action IS 'What an operator asks the lane''s owner to do.';

CREATE TABLE annals.saga_beginnings (
    saga           text NOT NULL,
    event_type     text NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    after_sequence bigint NOT NULL,
    began_at       timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT saga_beginnings_pkey PRIMARY KEY (topic, partition, saga, event_type)
);
COMMENT ON TABLE annals.saga_beginnings IS 'From where on each saga follows each type of event, by lane.';
COMMENT ON COLUMN annals.saga_beginnings.after_sequence IS 'The saga does not apply events of this lane up to this sequence.';

CREATE TABLE annals.saga_journal (
    saga        text NOT NULL,
    instance_id text NOT NULL,
    version     bigint NOT NULL,
    type        text NOT NULL,
    context     text NOT NULL,
    partition   integer NOT NULL,
    sequence    bigint NOT NULL,
    event_id    uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    status      text NOT NULL,
    data        json,
    applied_at  timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT saga_journal_pkey PRIMARY KEY (saga, instance_id, version)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON annals.saga_journal FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.saga_journal ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TABLE annals.saga_journal IS 'The events that each instance applied, in its order. The fold of them is its state.';
COMMENT ON COLUMN annals.saga_journal.sequence IS 'The event''s sequence in annals.events; 0 for an internal event of the instance, which is in data.';
COMMENT ON COLUMN annals.saga_journal.status IS 'The status of the instance after the event.';

CREATE TABLE annals.saga_outbox (
    topic             text NOT NULL,
    partition         integer NOT NULL,
    position          bigint NOT NULL,
    saga              text NOT NULL,
    instance_id       text NOT NULL,
    step              text NOT NULL,
    command_id        uuid NOT NULL,
    command_type      text NOT NULL,
    stream_id         text NOT NULL,
    data              json NOT NULL,
    correlation_id    text NOT NULL,
    causation_id      text NOT NULL,
    actor             text,
    traceparent       text,
    caused_at         timestamp with time zone NOT NULL,
    decided_at        timestamp with time zone NOT NULL DEFAULT now(),
    handles_rejection boolean NOT NULL DEFAULT false,
    CONSTRAINT saga_outbox_pkey PRIMARY KEY (topic, partition, "position")
);
CREATE INDEX saga_outbox_command ON annals.saga_outbox USING btree (command_id);
CREATE INDEX saga_outbox_correlation ON annals.saga_outbox USING btree (correlation_id, decided_at);
CREATE INDEX saga_outbox_instance ON annals.saga_outbox USING btree (saga, instance_id);
COMMENT ON TABLE annals.saga_outbox IS 'Every step that sagas decided on. Those above published_sequence of their lane are still to be sent.';
COMMENT ON COLUMN annals.saga_outbox.topic IS 'The lane: the event topic and partition whose event led to the step.';
COMMENT ON COLUMN annals.saga_outbox.handles_rejection IS 'Whether the instance is told of an answer that is no event: a rejection, or that nothing changed.';

CREATE TABLE annals.sagas (
    saga           text NOT NULL,
    instance_id    text NOT NULL,
    status         text NOT NULL,
    state          json NOT NULL,
    correlation_id text NOT NULL,
    started_at     timestamp with time zone NOT NULL,
    updated_at     timestamp with time zone NOT NULL,
    version        bigint NOT NULL DEFAULT 0,
    applied        integer NOT NULL DEFAULT 0,
    seed           uuid,
    seeded_to      bigint,
    CONSTRAINT sagas_pkey PRIMARY KEY (saga, instance_id)
) WITH (fillfactor=50);
CREATE INDEX sagas_correlation ON annals.sagas USING btree (correlation_id, started_at);
COMMENT ON TABLE annals.sagas IS 'The instances of all sagas. Several lanes may change an instance.';
COMMENT ON COLUMN annals.sagas.version IS 'How many events the instance has applied. A batch that was decided on another version is refused.';
COMMENT ON COLUMN annals.sagas.applied IS 'How many of them the last batch applied: it was decided on version - applied.';
COMMENT ON COLUMN annals.sagas.seed IS 'A secret: the ids of the instance''s steps are derived from it. NULL: from public things alone.';
COMMENT ON COLUMN annals.sagas.seeded_to IS 'The last event for which the seed was used, as a worker of an earlier release went on after it. NULL: the seed is in use.';

CREATE TABLE annals.signing_keys (
    purpose    text NOT NULL,
    key_id     text NOT NULL,
    secret     bytea NOT NULL,
    signs_from timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT signing_keys_pkey PRIMARY KEY (purpose, key_id),
    CONSTRAINT signing_keys_key_id_check CHECK ((key_id ~ '^[A-Za-z0-9_-]{1,32}$'::text)),
    CONSTRAINT signing_keys_purpose_check CHECK ((purpose = ANY (ARRAY['events'::text, 'replies'::text, 'commands'::text]))),
    CONSTRAINT signing_keys_secret_check CHECK ((octet_length(secret) = 32))
);
COMMENT ON TABLE annals.signing_keys IS 'By which records of the log, replies, and the identities of commands are signed. Secret.';
COMMENT ON COLUMN annals.signing_keys.signs_from IS 'From when on records are signed with it. Until then every process learns of it; older keys are still recognized.';

CREATE TABLE annals.snapshots (
    context        text NOT NULL,
    stream_id      text NOT NULL,
    stream_version bigint NOT NULL,
    fingerprint    text NOT NULL,
    digest         text NOT NULL,
    state          json NOT NULL,
    taken_at       timestamp with time zone NOT NULL,
    CONSTRAINT snapshots_pkey PRIMARY KEY (context, stream_id)
);
COMMENT ON TABLE annals.snapshots IS 'The latest snapshot of each long stream. Any may be deleted.';
COMMENT ON COLUMN annals.snapshots.fingerprint IS 'The fingerprint of the code that folded the state. Other code does not use it.';
COMMENT ON COLUMN annals.snapshots.digest IS 'SHA-256 of the row and of the id of the last event that is part of the state.';

CREATE TABLE annals.step_rejections (
    topic      text NOT NULL,
    partition  integer NOT NULL,
    position   bigint NOT NULL,
    code       text NOT NULL,
    handled_at timestamp with time zone NOT NULL,
    CONSTRAINT step_rejections_pkey PRIMARY KEY (topic, partition, "position")
);
COMMENT ON TABLE annals.step_rejections IS 'Steps whose command was not accepted, until their instance has handled that.';

CREATE TABLE annals.stream_generations (
    context     text NOT NULL,
    generation  integer NOT NULL,
    copied_from integer NOT NULL,
    transform   text NOT NULL,
    fingerprint text NOT NULL,
    begun_at    timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT stream_generations_pkey PRIMARY KEY (context, generation),
    CONSTRAINT stream_generations_copied_from_check CHECK ((copied_from >= 0)),
    CONSTRAINT stream_generations_generation_check CHECK ((generation > 0))
);
COMMENT ON TABLE annals.stream_generations IS 'Copies of contexts, made by functions. Generation 0 of each is what was recorded.';
COMMENT ON COLUMN annals.stream_generations.copied_from IS 'The generation that was live when the copy was begun: what the function was given.';
COMMENT ON COLUMN annals.stream_generations.transform IS 'The function, as module:name.';
COMMENT ON COLUMN annals.stream_generations.fingerprint IS 'Of the function''s code. Other code does not continue the copy.';

CREATE TABLE annals.unchanged_steps (
    topic      text NOT NULL,
    partition  integer NOT NULL,
    position   bigint NOT NULL,
    handled_at timestamp with time zone NOT NULL,
    CONSTRAINT unchanged_steps_pkey PRIMARY KEY (topic, partition, "position")
);
COMMENT ON TABLE annals.unchanged_steps IS 'Steps whose command was accepted without events, until their instance has handled that.';

CREATE TABLE annals.unique_claims (
    context    text NOT NULL,
    scope      text NOT NULL,
    key        text NOT NULL,
    stream_id  text NOT NULL,
    claimed_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT unique_claims_pkey PRIMARY KEY (context, scope, key)
);
COMMENT ON TABLE annals.unique_claims IS 'Which stream holds which unique value, such as an e-mail address.';

CREATE VIEW annals.command_signing_keys AS
 SELECT key_id,
    secret,
    signs_from
   FROM annals.signing_keys
  WHERE (purpose = 'commands'::text);
COMMENT ON VIEW annals.command_signing_keys IS 'The keys for identities: of command workers, and of those who send commands for others.';

CREATE VIEW annals.event_signing_keys AS
 SELECT key_id,
    secret,
    signs_from
   FROM annals.signing_keys
  WHERE (purpose = 'events'::text);
COMMENT ON VIEW annals.event_signing_keys IS 'The keys for events: of those who write the log, or act on what it says.';

CREATE VIEW annals.live_events AS
 SELECT event.context,
    event.partition,
    event.sequence,
    event.stream_id,
    event.stream_version,
    event.event_id,
    COALESCE(copied.type, event.type) AS type,
    COALESCE(copied.schema_version, event.schema_version) AS schema_version,
    COALESCE(copied.data, event.data) AS data,
    event.command_id,
    event.correlation_id,
    event.causation_id,
    event.actor,
    event.traceparent,
    event.recorded_at
   FROM ((annals.events event
     LEFT JOIN annals.live_generations live ON (((live.context = event.context) AND (live.generation > 0))))
     LEFT JOIN annals.copied_events copied ON (((copied.context = event.context) AND (copied.partition = event.partition) AND (copied.sequence = event.sequence) AND (copied.generation = live.generation))));
COMMENT ON VIEW annals.live_events IS 'Every event as the live generation of its context has it.';

CREATE VIEW annals.open_log_interruptions AS
 SELECT id,
    role,
    topic,
    partition,
    kind,
    former_topic_id,
    topic_id,
    consumed,
    start_offset,
    end_offset,
    missing,
    resumed_at,
    noticed_at
   FROM annals.log_interruptions interruption
  WHERE (NOT (EXISTS ( SELECT
           FROM annals.interventions intervention
          WHERE ((intervention.action = 'lanes-acknowledge'::text) AND (intervention.target = ((((interruption.role || ':'::text) || interruption.topic) || '/'::text) || interruption.partition)) AND (((intervention.details ->> 'until'::text))::bigint >= interruption.id)))));
COMMENT ON VIEW annals.open_log_interruptions IS 'Those that no operator has acknowledged: by an intervention `lanes-acknowledge` that names this id or a later one of the lane.';

CREATE VIEW annals.outcomes AS
 SELECT command.command_id,
    command.type,
    command.context,
    command.stream_id,
    command.status,
    command.stream_version,
    command.partition,
    command.sequence,
    command.event_count,
    command.error,
    COALESCE(command.correlation_id, (command.command_id)::text) AS correlation_id,
    COALESCE(command.causation_id, (command.command_id)::text) AS causation_id,
    command.actor,
    command.handled_at,
    encode(command.content_digest, 'hex'::text) AS content_digest,
    events.emitted AS events,
    json_build_object('command_id', command.command_id, 'type', command.type, 'status', command.status, 'stream_id', command.stream_id, 'stream_version', command.stream_version, 'partition', command.partition, 'sequence', command.sequence, 'events', events.emitted, 'error', command.error, 'correlation_id', COALESCE(command.correlation_id, (command.command_id)::text), 'handled_at', command.handled_at, 'content_digest', encode(command.content_digest, 'hex'::text)) AS outcome
   FROM (annals.commands command
     CROSS JOIN LATERAL ( SELECT COALESCE(json_agg(json_build_object('event_id', event.event_id, 'type', ((((event.context || '.'::text) || event.type) || '.v'::text) || event.schema_version)) ORDER BY event.sequence), '[]'::json) AS emitted
           FROM annals.events event
          WHERE ((event.context = command.context) AND (event.partition = command.partition) AND (event.sequence > (command.sequence - command.event_count)) AND (event.sequence <= command.sequence))) events);
COMMENT ON VIEW annals.outcomes IS 'Every command that was handled with its outcome, as it was answered.';

CREATE VIEW annals.reply_signing_keys AS
 SELECT key_id,
    secret,
    signs_from
   FROM annals.signing_keys
  WHERE (purpose = 'replies'::text);
COMMENT ON VIEW annals.reply_signing_keys IS 'The keys for replies: of command workers, and of the gateway.';

CREATE FUNCTION annals.acquire_claims(
    owned integer[], contexts text[], times timestamp with time zone[], acquire_batch text, acquire_scope text,
    acquire_key text, acquire_stream_id text
) RETURNS void LANGUAGE plpgsql;

CREATE FUNCTION annals.answers(
    answer annals.commands, step annals.saga_outbox
) RETURNS boolean LANGUAGE sql STABLE;

CREATE FUNCTION annals.commit_commands(
    batch_topic text, batch_partition text, batch_epoch text, batch_context text, batch_time text, batch_consumed text,
    batch_last_timestamp text, batch_sequence text, batch_published_sequence text, batch_published_offset text,
    outcome_batch text, outcome_command_id text, outcome_type text, outcome_stream_id text, outcome_status text,
    outcome_stream_version text, outcome_sequence text, outcome_event_count text, outcome_error text,
    outcome_correlation_id text, outcome_causation_id text, outcome_actor text, outcome_content_digest text, event_batch
    text, event_sequence text, event_stream_id text, event_stream_version text, event_event_id text, event_type text,
    event_schema_version text, event_data text, event_command_id text, event_correlation_id text, event_causation_id
    text, event_actor text, event_traceparent text, acquire_batch text, acquire_scope text, acquire_key text,
    acquire_stream_id text, settle_batch text, settle_scope text, settle_key text, settle_stream_id text, settle_former
    text, credential_batch text, credential_stream_id text, credential_secret text, snapshot_batch text,
    snapshot_stream_id text, snapshot_stream_version text, snapshot_fingerprint text, snapshot_digest text,
    snapshot_state text, waits boolean
) RETURNS integer[] LANGUAGE plpgsql;

CREATE FUNCTION annals.commit_sagas(
    batch_topic text, batch_partition text, batch_epoch text, batch_consumed text, batch_position text, batch_published
    text, batch_input_sequence text, instance_batch text, instance_saga text, instance_instance_id text, instance_status
    text, instance_state text, instance_correlation_id text, instance_version text, instance_applied text, step_batch
    text, step_position text, step_saga text, step_instance_id text, step_step text, step_command_id text,
    step_command_type text, step_stream_id text, step_data text, step_correlation_id text, step_causation_id text,
    step_actor text, step_traceparent text, step_caused_at text, step_handles_rejection text, parked_batch text,
    parked_follower text, parked_stream_id text, parked_stream_version text, parked_sequence text, parked_event_type
    text, parked_error text, parked_attempts text, parked_recorded_at text, unparked_batch text, unparked_follower text,
    unparked_stream_id text, journal_batch text, journal_saga text, journal_instance_id text, journal_version text,
    journal_type text, journal_context text, journal_partition text, journal_sequence text, journal_event_id text,
    journal_recorded_at text, journal_status text, journal_data text, deadline_batch text, deadline_saga text,
    deadline_instance_id text, deadline_name text, deadline_due_at text, deadline_event_id text, deadline_correlation_id
    text, deadline_actor text, deadline_traceparent text, cleared_batch text, cleared_saga text, cleared_instance_id
    text, cleared_name text, passed_batch text, passed_saga text, passed_instance_id text, passed_name text,
    passed_event_id text, answered_batch text, answered_position text, waits boolean, instance_seed text, logged_batch
    text, logged_context text, logged_sequence text, logged_event_id text, logged_stream_id text, logged_stream_version
    text, logged_type text, logged_schema_version text, logged_data text, logged_correlation_id text, logged_actor text,
    logged_traceparent text, logged_recorded_at text
) RETURNS integer[] LANGUAGE plpgsql;

CREATE FUNCTION annals.keep_credentials(
    owned integer[], contexts text[], times timestamp with time zone[], credential_batch text, credential_stream_id
    text, credential_secret text
) RETURNS void LANGUAGE plpgsql;

CREATE FUNCTION annals.keep_snapshots(
    owned integer[], contexts text[], times timestamp with time zone[], snapshot_batch text, snapshot_stream_id text,
    snapshot_stream_version text, snapshot_fingerprint text, snapshot_digest text, snapshot_state text
) RETURNS void LANGUAGE plpgsql;

CREATE FUNCTION annals.listed(
    list text
) RETURNS text[] LANGUAGE sql IMMUTABLE;

CREATE FUNCTION annals.note_step_rejection() RETURNS trigger LANGUAGE plpgsql;

CREATE FUNCTION annals.note_unchanged_step() RETURNS trigger LANGUAGE plpgsql;

CREATE FUNCTION annals.refuse_change() RETURNS trigger LANGUAGE plpgsql;

CREATE FUNCTION annals.require_events(
    owned integer[], topics text[], partitions integer[], logged_batch text, logged_context text, logged_sequence text,
    logged_event_id text, logged_stream_id text, logged_stream_version text, logged_type text, logged_schema_version
    text, logged_data text, logged_correlation_id text, logged_actor text, logged_traceparent text, logged_recorded_at
    text
) RETURNS void LANGUAGE plpgsql;

CREATE FUNCTION annals.settle_claims(
    owned integer[], contexts text[], times timestamp with time zone[], settle_batch text, settle_scope text, settle_key
    text, settle_stream_id text, settle_former text
) RETURNS void LANGUAGE plpgsql;

CREATE FUNCTION annals.update_deadlines(
    owned integer[], topics text[], partitions integer[], deadline_batch text, deadline_saga text, deadline_instance_id
    text, deadline_name text, deadline_due_at text, deadline_event_id text, deadline_correlation_id text, deadline_actor
    text, deadline_traceparent text, cleared_batch text, cleared_saga text, cleared_instance_id text, cleared_name text,
    passed_batch text, passed_saga text, passed_instance_id text, passed_name text, passed_event_id text
) RETURNS void LANGUAGE plpgsql;

CREATE FUNCTION annals.update_instances(
    owned integer[], instance_batch text, instance_saga text, instance_instance_id text, instance_status text,
    instance_state text, instance_correlation_id text, instance_version text, instance_applied text, instance_seed text
) RETURNS void LANGUAGE plpgsql;

CREATE FUNCTION annals.update_parked_streams(
    owned integer[], topics text[], partitions integer[], parked_batch text, parked_follower text, parked_stream_id
    text, parked_stream_version text, parked_sequence text, parked_event_type text, parked_error text, parked_attempts
    text, parked_recorded_at text, unparked_batch text, unparked_follower text, unparked_stream_id text
) RETURNS void LANGUAGE plpgsql;

GRANT SELECT ON TABLE annals.api_keys TO annals_api_keys;
GRANT UPDATE (last_used_at) ON TABLE annals.api_keys TO annals_api_keys;
GRANT INSERT ON TABLE annals.api_keys TO annals_audit;
GRANT SELECT (hash), UPDATE (revoked_at) ON TABLE annals.api_keys TO annals_audit;
GRANT SELECT (created_at), SELECT (expires_at), SELECT (hash), SELECT (id), SELECT (name), SELECT (revoked_at), SELECT (scopes) ON TABLE annals.api_keys TO annals_command;
GRANT SELECT (created_at), SELECT (expires_at), SELECT (id), SELECT (last_used_at), SELECT (name), SELECT (revoked_at), SELECT (scopes) ON TABLE annals.api_keys TO annals_reader;
GRANT SELECT ON TABLE annals.command_signing_keys TO annals_audit;
GRANT SELECT ON TABLE annals.command_signing_keys TO annals_command;
GRANT SELECT ON TABLE annals.command_signing_keys TO annals_gateway;
GRANT SELECT ON TABLE annals.command_signing_keys TO annals_saga;
GRANT INSERT, SELECT ON TABLE annals.commands TO annals_command;
GRANT SELECT ON TABLE annals.commands TO annals_gateway;
GRANT SELECT ON TABLE annals.commands TO annals_reader;
GRANT INSERT ON TABLE annals.copied_events TO annals_audit;
GRANT SELECT ON TABLE annals.copied_events TO annals_reader;
GRANT INSERT ON TABLE annals.copied_lanes TO annals_audit;
GRANT UPDATE (changed), UPDATE (copied_to), UPDATE (types) ON TABLE annals.copied_lanes TO annals_audit;
GRANT SELECT ON TABLE annals.copied_lanes TO annals_reader;
GRANT DELETE ON TABLE annals.credentials TO annals_audit;
GRANT DELETE, INSERT ON TABLE annals.credentials TO annals_command;
GRANT SELECT (context), SELECT (stream_id) ON TABLE annals.credentials TO annals_command;
GRANT SELECT (context), SELECT (stream_id) ON TABLE annals.credentials TO annals_reader;
GRANT SELECT ON TABLE annals.deadlines TO annals_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE annals.deadlines TO annals_saga;
GRANT SELECT ON TABLE annals.event_signing_keys TO annals_analytics;
GRANT SELECT ON TABLE annals.event_signing_keys TO annals_audit;
GRANT SELECT ON TABLE annals.event_signing_keys TO annals_command;
GRANT SELECT ON TABLE annals.event_signing_keys TO annals_projection;
GRANT SELECT ON TABLE annals.event_signing_keys TO annals_saga;
GRANT SELECT ON TABLE annals.events TO annals_analytics;
GRANT INSERT, SELECT ON TABLE annals.events TO annals_command;
GRANT SELECT ON TABLE annals.events TO annals_gateway;
GRANT SELECT ON TABLE annals.events TO annals_projection;
GRANT SELECT ON TABLE annals.events TO annals_reader;
GRANT SELECT ON TABLE annals.events TO annals_saga;
GRANT SELECT ON TABLE annals.functions TO annals_analytics;
GRANT SELECT ON TABLE annals.functions TO annals_api_keys;
GRANT SELECT ON TABLE annals.functions TO annals_audit;
GRANT SELECT ON TABLE annals.functions TO annals_command;
GRANT SELECT ON TABLE annals.functions TO annals_gateway;
GRANT SELECT ON TABLE annals.functions TO annals_projection;
GRANT SELECT ON TABLE annals.functions TO annals_reader;
GRANT SELECT ON TABLE annals.functions TO annals_saga;
GRANT SELECT ON TABLE annals.functions TO annals_writer;
GRANT SELECT ON TABLE annals.installation TO annals_analytics;
GRANT SELECT ON TABLE annals.installation TO annals_api_keys;
GRANT SELECT ON TABLE annals.installation TO annals_audit;
GRANT INSERT, SELECT ON TABLE annals.installation TO annals_command;
GRANT SELECT ON TABLE annals.installation TO annals_gateway;
GRANT SELECT ON TABLE annals.installation TO annals_projection;
GRANT SELECT ON TABLE annals.installation TO annals_reader;
GRANT INSERT, SELECT ON TABLE annals.installation TO annals_saga;
GRANT SELECT ON TABLE annals.installation TO annals_writer;
GRANT INSERT ON TABLE annals.interventions TO annals_audit;
GRANT SELECT ON TABLE annals.interventions TO annals_reader;
GRANT INSERT ON TABLE annals.lanes TO annals_audit;
GRANT UPDATE (acquired_at), UPDATE (consumed), UPDATE (epoch), UPDATE (event_types), UPDATE (last_offset), UPDATE (last_timestamp), UPDATE (owner), UPDATE (published_offset), UPDATE (published_sequence), UPDATE (published_topic_id), UPDATE (topic_id) ON TABLE annals.lanes TO annals_audit;
GRANT INSERT, SELECT ON TABLE annals.lanes TO annals_command;
GRANT UPDATE (acquired_at), UPDATE (consumed), UPDATE (epoch), UPDATE (event_types), UPDATE (input_sequence), UPDATE (last_offset), UPDATE (last_timestamp), UPDATE (owner), UPDATE (published_offset), UPDATE (published_sequence), UPDATE (published_topic_id), UPDATE (sequence), UPDATE (topic_id) ON TABLE annals.lanes TO annals_command;
GRANT SELECT ON TABLE annals.lanes TO annals_reader;
GRANT INSERT, SELECT ON TABLE annals.lanes TO annals_saga;
GRANT UPDATE (acquired_at), UPDATE (consumed), UPDATE (epoch), UPDATE (input_sequence), UPDATE (last_offset), UPDATE (last_timestamp), UPDATE (owner), UPDATE (published_offset), UPDATE (published_sequence), UPDATE (published_topic_id), UPDATE (sequence), UPDATE (topic_id) ON TABLE annals.lanes TO annals_saga;
GRANT SELECT ON TABLE annals.live_events TO annals_analytics;
GRANT SELECT ON TABLE annals.live_events TO annals_command;
GRANT SELECT ON TABLE annals.live_events TO annals_gateway;
GRANT SELECT ON TABLE annals.live_events TO annals_projection;
GRANT SELECT ON TABLE annals.live_events TO annals_reader;
GRANT SELECT ON TABLE annals.live_events TO annals_saga;
GRANT INSERT ON TABLE annals.live_generations TO annals_audit;
GRANT UPDATE (generation), UPDATE (log_renewed_at), UPDATE (previous), UPDATE (switched_at) ON TABLE annals.live_generations TO annals_audit;
GRANT SELECT ON TABLE annals.live_generations TO annals_reader;
GRANT INSERT ON TABLE annals.log_interruptions TO annals_audit;
GRANT INSERT ON TABLE annals.log_interruptions TO annals_command;
GRANT SELECT ON TABLE annals.log_interruptions TO annals_reader;
GRANT INSERT ON TABLE annals.log_interruptions TO annals_saga;
GRANT SELECT ON TABLE annals.migrations TO annals_analytics;
GRANT SELECT ON TABLE annals.migrations TO annals_api_keys;
GRANT SELECT ON TABLE annals.migrations TO annals_audit;
GRANT SELECT ON TABLE annals.migrations TO annals_command;
GRANT SELECT ON TABLE annals.migrations TO annals_gateway;
GRANT SELECT ON TABLE annals.migrations TO annals_projection;
GRANT SELECT ON TABLE annals.migrations TO annals_reader;
GRANT SELECT ON TABLE annals.migrations TO annals_saga;
GRANT SELECT ON TABLE annals.migrations TO annals_writer;
GRANT SELECT ON TABLE annals.open_log_interruptions TO annals_command;
GRANT SELECT ON TABLE annals.open_log_interruptions TO annals_reader;
GRANT SELECT ON TABLE annals.open_log_interruptions TO annals_saga;
GRANT SELECT ON TABLE annals.outcomes TO annals_command;
GRANT SELECT ON TABLE annals.outcomes TO annals_gateway;
GRANT SELECT ON TABLE annals.outcomes TO annals_reader;
GRANT UPDATE (requested_action) ON TABLE annals.parked_streams TO annals_audit;
GRANT SELECT ON TABLE annals.parked_streams TO annals_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE annals.parked_streams TO annals_saga;
GRANT SELECT ON TABLE annals.reply_signing_keys TO annals_command;
GRANT SELECT ON TABLE annals.reply_signing_keys TO annals_gateway;
GRANT SELECT ON TABLE annals.saga_beginnings TO annals_reader;
GRANT INSERT ON TABLE annals.saga_beginnings TO annals_saga;
GRANT SELECT ON TABLE annals.saga_journal TO annals_gateway;
GRANT SELECT ON TABLE annals.saga_journal TO annals_reader;
GRANT INSERT ON TABLE annals.saga_journal TO annals_saga;
GRANT SELECT ON TABLE annals.saga_outbox TO annals_command;
GRANT SELECT ON TABLE annals.saga_outbox TO annals_gateway;
GRANT SELECT ON TABLE annals.saga_outbox TO annals_reader;
GRANT INSERT, SELECT ON TABLE annals.saga_outbox TO annals_saga;
GRANT SELECT (seed), SELECT (seeded_to) ON TABLE annals.sagas TO annals_audit;
GRANT SELECT (applied), SELECT (correlation_id), SELECT (instance_id), SELECT (saga), SELECT (started_at), SELECT (state), SELECT (status), SELECT (updated_at), SELECT (version) ON TABLE annals.sagas TO annals_gateway;
GRANT SELECT (applied), SELECT (correlation_id), SELECT (instance_id), SELECT (saga), SELECT (started_at), SELECT (state), SELECT (status), SELECT (updated_at), SELECT (version) ON TABLE annals.sagas TO annals_reader;
GRANT INSERT, SELECT ON TABLE annals.sagas TO annals_saga;
GRANT UPDATE (applied), UPDATE (seeded_to), UPDATE (state), UPDATE (status), UPDATE (updated_at), UPDATE (version) ON TABLE annals.sagas TO annals_saga;
GRANT DELETE ON TABLE annals.snapshots TO annals_audit;
GRANT INSERT, SELECT ON TABLE annals.snapshots TO annals_command;
GRANT UPDATE (digest), UPDATE (fingerprint), UPDATE (state), UPDATE (stream_version), UPDATE (taken_at) ON TABLE annals.snapshots TO annals_command;
GRANT SELECT ON TABLE annals.snapshots TO annals_reader;
GRANT INSERT ON TABLE annals.step_rejections TO annals_command;
GRANT SELECT ON TABLE annals.step_rejections TO annals_reader;
GRANT DELETE, SELECT ON TABLE annals.step_rejections TO annals_saga;
GRANT INSERT ON TABLE annals.stream_generations TO annals_audit;
GRANT SELECT ON TABLE annals.stream_generations TO annals_reader;
GRANT INSERT ON TABLE annals.unchanged_steps TO annals_command;
GRANT SELECT ON TABLE annals.unchanged_steps TO annals_reader;
GRANT DELETE, SELECT ON TABLE annals.unchanged_steps TO annals_saga;
GRANT DELETE, INSERT ON TABLE annals.unique_claims TO annals_audit;
GRANT DELETE, INSERT, SELECT ON TABLE annals.unique_claims TO annals_command;
GRANT UPDATE (claimed_at), UPDATE (stream_id) ON TABLE annals.unique_claims TO annals_command;
GRANT SELECT ON TABLE annals.unique_claims TO annals_reader;
GRANT USAGE ON SCHEMA annals TO annals_analytics;
GRANT USAGE ON SCHEMA annals TO annals_api_keys;
GRANT USAGE ON SCHEMA annals TO annals_audit;
GRANT USAGE ON SCHEMA annals TO annals_command;
GRANT USAGE ON SCHEMA annals TO annals_gateway;
GRANT USAGE ON SCHEMA annals TO annals_projection;
GRANT USAGE ON SCHEMA annals TO annals_reader;
GRANT USAGE ON SCHEMA annals TO annals_saga;
GRANT USAGE ON SCHEMA annals TO annals_writer;
GRANT EXECUTE ON FUNCTION annals.acquire_claims TO annals_command;
GRANT EXECUTE ON FUNCTION annals.answers TO annals_command;
GRANT EXECUTE ON FUNCTION annals.answers TO annals_reader;
GRANT EXECUTE ON FUNCTION annals.commit_commands TO annals_command;
GRANT EXECUTE ON FUNCTION annals.commit_sagas TO annals_saga;
GRANT EXECUTE ON FUNCTION annals.keep_credentials TO annals_command;
GRANT EXECUTE ON FUNCTION annals.keep_snapshots TO annals_command;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_analytics;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_api_keys;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_command;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_gateway;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_projection;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_reader;
GRANT EXECUTE ON FUNCTION annals.listed TO annals_saga;
GRANT EXECUTE ON FUNCTION annals.require_events TO annals_saga;
GRANT EXECUTE ON FUNCTION annals.settle_claims TO annals_command;
GRANT EXECUTE ON FUNCTION annals.update_deadlines TO annals_saga;
GRANT EXECUTE ON FUNCTION annals.update_instances TO annals_saga;
GRANT EXECUTE ON FUNCTION annals.update_parked_streams TO annals_saga;
