-- Sagas that follow several contexts: instances that several lanes touch, a journal of what each has taken, deadlines, and
-- the rejections that instances are to hear.

ALTER TABLE annals.sagas ADD COLUMN version bigint NOT NULL DEFAULT 0, ADD COLUMN taken integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN annals.sagas.version IS 'How many events the instance has taken; who decided on fewer is refused.';
COMMENT ON COLUMN annals.sagas.taken IS 'How many of them came with the last batch: version - taken is what that was decided on.';

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
    taken_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (saga, instance_id, version)
);
COMMENT ON TABLE annals.saga_journal IS 'What each instance took, in the order in which it did: the fold of it is its state.';
COMMENT ON COLUMN annals.saga_journal.sequence IS 'The event in annals.events; 0: one of the instance''s own, kept in data.';
COMMENT ON COLUMN annals.saga_journal.status IS 'The status after it.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annals.saga_journal
    FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change();
ALTER TABLE annals.saga_journal ENABLE ALWAYS TRIGGER append_only;

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
COMMENT ON COLUMN annals.deadlines.topic IS 'The lane that has set it, and whose owner lets it pass.';

ALTER TABLE annals.saga_outbox ADD COLUMN handles_rejection boolean NOT NULL DEFAULT false;
CREATE INDEX saga_outbox_command ON annals.saga_outbox (command_id);

CREATE TABLE annals.step_rejections (
    topic      text        NOT NULL,
    partition  integer     NOT NULL,
    position   bigint      NOT NULL,
    code       text        NOT NULL,
    handled_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, position)
);
COMMENT ON TABLE annals.step_rejections IS 'Steps whose command was not accepted, until their instance has heard of it.';

-- The step stands in the outbox before its command is sent, so it is there when the command is handled.
CREATE FUNCTION annals.tell_saga() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.step_rejections (topic, partition, position, code, handled_at)
    SELECT topic, partition, position, coalesce(NEW.outcome #>> '{error,code}', NEW.status), NEW.handled_at
      FROM annals.saga_outbox
     WHERE command_id = NEW.command_id AND handles_rejection
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_saga AFTER INSERT ON annals.commands
    FOR EACH ROW WHEN (NEW.status <> 'accepted') EXECUTE FUNCTION annals.tell_saga();
ALTER TABLE annals.commands ENABLE ALWAYS TRIGGER tell_saga;

GRANT SELECT, INSERT ON annals.saga_journal TO annals_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON annals.deadlines, annals.step_rejections TO annals_writer;
GRANT SELECT ON annals.saga_journal, annals.deadlines, annals.step_rejections TO annals_reader;

DROP FUNCTION annals.commit_sagas;

-- One batch of a saga lane: one call, one transaction. Lists as in commit_commands.
--   AN001  the lane is in another epoch
--   AN003  another lane has moved an instance, or a deadline of one, since it was read
CREATE FUNCTION annals.commit_sagas(
    lane_topic text, lane_partition integer, lane_epoch bigint,
    new_consumed bigint, new_sequence bigint, new_published_sequence bigint, new_input_sequence bigint,
    instance_saga text, instance_instance_id text, instance_status text, instance_state text,
    instance_correlation_id text, instance_version text, instance_taken text,
    step_position text, step_saga text, step_instance_id text, step_step text, step_command_id text,
    step_command_type text, step_stream_id text, step_data text, step_correlation_id text,
    step_causation_id text, step_actor text, step_traceparent text, step_caused_at text,
    step_handles_rejection text,
    parked_saga text, parked_stream_id text, parked_stream_version text, parked_sequence text, parked_event_type text,
    parked_error text, parked_attempts text, parked_recorded_at text,
    unparked_saga text, unparked_stream_id text,
    journal_saga text, journal_instance_id text, journal_version text, journal_type text, journal_context text,
    journal_partition text, journal_sequence text, journal_event_id text, journal_recorded_at text,
    journal_status text, journal_data text,
    deadline_saga text, deadline_instance_id text, deadline_name text, deadline_due_at text, deadline_event_id text,
    deadline_correlation_id text, deadline_actor text, deadline_traceparent text,
    cleared_saga text, cleared_instance_id text, cleared_name text,
    passed_saga text, passed_instance_id text, passed_name text, passed_event_id text,
    heard_position text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    UPDATE annals.lanes
       SET consumed = new_consumed, sequence = new_sequence, input_sequence = new_input_sequence,
           published_sequence = new_published_sequence
     WHERE role = 'saga' AND topic = lane_topic AND partition = lane_partition AND epoch = lane_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lane saga:%/% is no longer in epoch %', lane_topic, lane_partition, lane_epoch
            USING ERRCODE = 'AN001';
    END IF;
    -- Sorted, so that two lanes that change the same instances wait for one another instead of deadlocking. What belongs
    -- to an instance changes only while its row is held.
    WITH written AS (
        INSERT INTO annals.sagas AS s (saga, instance_id, status, state, correlation_id, started_at, updated_at, version,
                                      taken)
        SELECT i.saga, i.instance_id, i.status, i.state::jsonb, i.correlation_id, now(), now(), i.version, i.taken
          FROM unnest(
              annals.listed(instance_saga), annals.listed(instance_instance_id), annals.listed(instance_status),
              annals.listed(instance_state), annals.listed(instance_correlation_id),
              annals.listed(instance_version)::bigint[], annals.listed(instance_taken)::integer[]
          ) AS i(saga, instance_id, status, state, correlation_id, version, taken)
         ORDER BY i.saga, i.instance_id
        ON CONFLICT (saga, instance_id) DO UPDATE
           SET status = excluded.status, state = excluded.state, updated_at = excluded.updated_at,
               version = excluded.version, taken = excluded.taken
         WHERE s.version = excluded.version - excluded.taken
        RETURNING 1
    )
    SELECT count(*) INTO changed FROM written;
    IF changed <> coalesce(cardinality(annals.listed(instance_saga)), 0) THEN
        RAISE EXCEPTION 'another lane has moved an instance' USING ERRCODE = 'AN003';
    END IF;
    IF passed_saga <> '' THEN
        WITH gone AS (
            DELETE FROM annals.deadlines d USING unnest(
                annals.listed(passed_saga), annals.listed(passed_instance_id), annals.listed(passed_name),
                annals.listed(passed_event_id)::uuid[]
            ) AS p(saga, instance_id, name, event_id)
             WHERE d.saga = p.saga AND d.instance_id = p.instance_id AND d.name = p.name AND d.event_id = p.event_id
            RETURNING 1
        )
        SELECT count(*) INTO changed FROM gone;
        IF changed <> cardinality(annals.listed(passed_saga)) THEN
            RAISE EXCEPTION 'another lane has moved a deadline' USING ERRCODE = 'AN003';
        END IF;
    END IF;
    IF cleared_saga <> '' THEN
        DELETE FROM annals.deadlines d USING unnest(
            annals.listed(cleared_saga), annals.listed(cleared_instance_id), annals.listed(cleared_name)
        ) AS c(saga, instance_id, name)
         WHERE d.saga = c.saga AND d.instance_id = c.instance_id AND d.name = c.name;
    END IF;
    IF deadline_saga <> '' THEN
        INSERT INTO annals.deadlines (saga, instance_id, name, topic, partition, due_at, event_id, correlation_id,
                                      actor, traceparent)
        SELECT n.saga, n.instance_id, n.name, lane_topic, lane_partition, n.due_at, n.event_id, n.correlation_id,
               n.actor, n.traceparent
          FROM unnest(
              annals.listed(deadline_saga), annals.listed(deadline_instance_id), annals.listed(deadline_name),
              annals.listed(deadline_due_at)::timestamptz[], annals.listed(deadline_event_id)::uuid[],
              annals.listed(deadline_correlation_id), annals.listed(deadline_actor),
              annals.listed(deadline_traceparent)
          ) AS n(saga, instance_id, name, due_at, event_id, correlation_id, actor, traceparent)
        ON CONFLICT (saga, instance_id, name) DO UPDATE
           SET topic = excluded.topic, partition = excluded.partition, due_at = excluded.due_at,
               event_id = excluded.event_id, correlation_id = excluded.correlation_id, actor = excluded.actor,
               traceparent = excluded.traceparent;
    END IF;
    IF heard_position <> '' THEN
        DELETE FROM annals.step_rejections
         WHERE topic = lane_topic AND partition = lane_partition
           AND position = ANY(annals.listed(heard_position)::bigint[]);
    END IF;
    IF journal_saga <> '' THEN
        INSERT INTO annals.saga_journal (saga, instance_id, version, type, context, partition, sequence, event_id,
                                         recorded_at, status, data)
        SELECT j.saga, j.instance_id, j.version, j.type, j.context, j.partition, j.sequence, j.event_id,
               j.recorded_at, j.status, j.data::json
          FROM unnest(
              annals.listed(journal_saga), annals.listed(journal_instance_id), annals.listed(journal_version)::bigint[],
              annals.listed(journal_type), annals.listed(journal_context),
              annals.listed(journal_partition)::integer[], annals.listed(journal_sequence)::bigint[],
              annals.listed(journal_event_id)::uuid[], annals.listed(journal_recorded_at)::timestamptz[],
              annals.listed(journal_status), annals.listed(journal_data)
          ) AS j(saga, instance_id, version, type, context, partition, sequence, event_id, recorded_at, status, data);
    END IF;
    INSERT INTO annals.saga_outbox (topic, partition, position, saga, instance_id, step, command_id, command_type,
                                    stream_id, data, correlation_id, causation_id, actor, traceparent, caused_at,
                                    handles_rejection)
    SELECT lane_topic, lane_partition, o.position, o.saga, o.instance_id, o.step, o.command_id, o.command_type,
           o.stream_id, o.data::json, o.correlation_id, o.causation_id, o.actor, o.traceparent, o.caused_at,
           o.handles_rejection
      FROM unnest(
          annals.listed(step_position)::bigint[], annals.listed(step_saga), annals.listed(step_instance_id),
          annals.listed(step_step), annals.listed(step_command_id)::uuid[], annals.listed(step_command_type),
          annals.listed(step_stream_id), annals.listed(step_data), annals.listed(step_correlation_id),
          annals.listed(step_causation_id), annals.listed(step_actor), annals.listed(step_traceparent),
          annals.listed(step_caused_at)::timestamptz[], annals.listed(step_handles_rejection)::boolean[]
      ) AS o(position, saga, instance_id, step, command_id, command_type, stream_id, data, correlation_id,
             causation_id, actor, traceparent, caused_at, handles_rejection);
    IF unparked_saga <> '' THEN
        DELETE FROM annals.parked p USING unnest(
            annals.listed(unparked_saga), annals.listed(unparked_stream_id)
        ) AS u(saga, stream_id)
         WHERE p.topic = lane_topic AND p.partition = lane_partition AND p.saga = u.saga AND p.stream_id = u.stream_id;
    END IF;
    IF parked_saga <> '' THEN
        INSERT INTO annals.parked AS p (saga, topic, partition, stream_id, stream_version, sequence, event_type, error,
                                        attempts, recorded_at)
        SELECT n.saga, lane_topic, lane_partition, n.stream_id, n.stream_version, n.sequence, n.event_type, n.error,
               n.attempts, n.recorded_at
          FROM unnest(
              annals.listed(parked_saga), annals.listed(parked_stream_id),
              annals.listed(parked_stream_version)::bigint[], annals.listed(parked_sequence)::bigint[],
              annals.listed(parked_event_type), annals.listed(parked_error),
              annals.listed(parked_attempts)::integer[], annals.listed(parked_recorded_at)::timestamptz[]
          ) AS n(saga, stream_id, stream_version, sequence, event_type, error, attempts, recorded_at)
        ON CONFLICT (topic, partition, saga, stream_id) DO UPDATE
           SET stream_version = excluded.stream_version, sequence = excluded.sequence, event_type = excluded.event_type,
               error = excluded.error, attempts = excluded.attempts, recorded_at = excluded.recorded_at,
               requested_action = NULL;
    END IF;
END $$;
