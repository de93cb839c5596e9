-- Batches of saga lanes, one of each lane: one call, one transaction, one round trip. Arguments are columns of lists, see
-- `listed`: `batch_…` has a row for each lane; in `instance_…`, `step_…`, `parked_…`, `unparked_…`, `journal_…`,
-- `deadline_…`, `cleared_…`, `passed_…`, `answered_…` and `logged_…`, which are named by the fields of the rows, `…_batch`
-- is the place (from 1) of the row's batch.
--
-- The first statement moves each lane row forward in its owner's epoch. Returns the places of the batches that are not
-- written: those whose lane has another owner, and, unless the call `waits`, those whose lane is locked: each of them is
-- tried alone and waits, so that two owners of a lane wait for one another. All other batches are written, or none. Raises
--   AN003  another lane has changed an instance, or a deadline of one, since it was read; DETAIL is a JSON array of
--          [saga, instance id]
--   AN004  events do not stand in the event table as the log has them; see require_events
CREATE OR REPLACE FUNCTION annals.commit_sagas(
    batch_topic text, batch_partition text, batch_epoch text, batch_consumed text, batch_position text,
    batch_published text, batch_input_sequence text,
    instance_batch text, instance_saga text, instance_instance_id text, instance_status text, instance_state text,
    instance_correlation_id text, instance_version text, instance_applied text,
    step_batch text, step_position text, step_saga text, step_instance_id text, step_step text, step_command_id text,
    step_command_type text, step_stream_id text, step_data text, step_correlation_id text,
    step_causation_id text, step_actor text, step_traceparent text, step_caused_at text,
    step_handles_rejection text,
    parked_batch text, parked_follower text, parked_stream_id text, parked_stream_version text, parked_sequence text,
    parked_event_type text, parked_error text, parked_attempts text, parked_recorded_at text,
    unparked_batch text, unparked_follower text, unparked_stream_id text,
    journal_batch text, journal_saga text, journal_instance_id text, journal_version text, journal_type text,
    journal_context text, journal_partition text, journal_sequence text, journal_event_id text,
    journal_recorded_at text, journal_status text, journal_data text,
    deadline_batch text, deadline_saga text, deadline_instance_id text, deadline_name text, deadline_due_at text,
    deadline_event_id text, deadline_correlation_id text, deadline_actor text, deadline_traceparent text,
    cleared_batch text, cleared_saga text, cleared_instance_id text, cleared_name text,
    passed_batch text, passed_saga text, passed_instance_id text, passed_name text, passed_event_id text,
    answered_batch text, answered_position text, waits boolean DEFAULT true, instance_seed text DEFAULT NULL,
    logged_batch text DEFAULT '', logged_context text DEFAULT '', logged_sequence text DEFAULT '',
    logged_event_id text DEFAULT '', logged_stream_id text DEFAULT '', logged_stream_version text DEFAULT '',
    logged_type text DEFAULT '', logged_schema_version text DEFAULT '', logged_data text DEFAULT '',
    logged_correlation_id text DEFAULT '', logged_actor text DEFAULT '', logged_traceparent text DEFAULT '',
    logged_recorded_at text DEFAULT ''
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    topics text[] := annals.listed(batch_topic);
    partitions integer[] := annals.listed(batch_partition)::integer[];
    owned integer[];
BEGIN
    -- A lane whose row is locked is left to a call that waits: the others, and those that come next, need not wait for it.
    WITH given AS (
        SELECT *
          FROM unnest(
              topics, partitions, annals.listed(batch_epoch)::bigint[], annals.listed(batch_consumed)::bigint[],
              annals.listed(batch_position)::bigint[], annals.listed(batch_published)::bigint[],
              annals.listed(batch_input_sequence)::bigint[]
          ) WITH ORDINALITY AS batch(topic, partition, epoch, consumed, position, published, input_sequence, place)
    ), free AS (
        SELECT lane.topic, lane.partition
          FROM given
          JOIN annals.lanes AS lane
            ON lane.role = 'saga' AND lane.topic = given.topic AND lane.partition = given.partition
           AND lane.epoch = given.epoch
         WHERE NOT waits
           FOR UPDATE OF lane SKIP LOCKED
    ), written AS (
        UPDATE annals.lanes AS lane
           SET consumed = given.consumed, sequence = given.position, input_sequence = given.input_sequence,
               published_sequence = given.published
          FROM given
         WHERE lane.role = 'saga' AND lane.topic = given.topic AND lane.partition = given.partition
           AND lane.epoch = given.epoch
           AND (waits
                OR EXISTS (SELECT FROM free WHERE free.topic = given.topic AND free.partition = given.partition))
        RETURNING given.place
    )
    SELECT coalesce(array_agg(place::integer), '{}') INTO owned FROM written;

    IF logged_sequence <> '' THEN
        PERFORM annals.require_events(owned, topics, partitions, logged_batch, logged_context, logged_sequence,
                                      logged_event_id, logged_stream_id, logged_stream_version, logged_type,
                                      logged_schema_version, logged_data, logged_correlation_id, logged_actor,
                                      logged_traceparent, logged_recorded_at);
    END IF;
    -- First of all: what belongs to an instance changes only while the row of the instance is locked.
    IF instance_saga <> '' THEN
        PERFORM annals.update_instances(owned, instance_batch, instance_saga, instance_instance_id, instance_status,
                                        instance_state, instance_correlation_id, instance_version, instance_applied,
                                        instance_seed);
    END IF;
    IF deadline_saga <> '' OR cleared_saga <> '' OR passed_saga <> '' THEN
        PERFORM annals.update_deadlines(owned, topics, partitions,
                                        deadline_batch, deadline_saga, deadline_instance_id, deadline_name,
                                        deadline_due_at, deadline_event_id, deadline_correlation_id, deadline_actor,
                                        deadline_traceparent,
                                        cleared_batch, cleared_saga, cleared_instance_id, cleared_name,
                                        passed_batch, passed_saga, passed_instance_id, passed_name, passed_event_id);
    END IF;
    IF answered_position <> '' THEN
        DELETE FROM annals.step_rejections AS rejection
         USING unnest(annals.listed(answered_batch)::integer[], annals.listed(answered_position)::bigint[])
            AS answered(batch, position)
         WHERE answered.batch = ANY(owned) AND rejection.topic = topics[answered.batch]
           AND rejection.partition = partitions[answered.batch] AND rejection.position = answered.position;
        DELETE FROM annals.unchanged_steps AS unchanged
         USING unnest(annals.listed(answered_batch)::integer[], annals.listed(answered_position)::bigint[])
            AS answered(batch, position)
         WHERE answered.batch = ANY(owned) AND unchanged.topic = topics[answered.batch]
           AND unchanged.partition = partitions[answered.batch] AND unchanged.position = answered.position;
    END IF;
    IF journal_saga <> '' THEN
        INSERT INTO annals.saga_journal (saga, instance_id, version, type, context, partition, sequence, event_id,
                                         recorded_at, status, data)
        SELECT j.saga, j.instance_id, j.version, j.type, j.context, j.partition, j.sequence, j.event_id,
               j.recorded_at, j.status, j.data::json
          FROM unnest(
              annals.listed(journal_batch)::integer[], annals.listed(journal_saga), annals.listed(journal_instance_id),
              annals.listed(journal_version)::bigint[], annals.listed(journal_type), annals.listed(journal_context),
              annals.listed(journal_partition)::integer[], annals.listed(journal_sequence)::bigint[],
              annals.listed(journal_event_id)::uuid[], annals.listed(journal_recorded_at)::timestamptz[],
              annals.listed(journal_status), annals.listed(journal_data)
          ) AS j(batch, saga, instance_id, version, type, context, partition, sequence, event_id, recorded_at, status,
                 data)
         WHERE j.batch = ANY(owned);
    END IF;
    IF step_position <> '' THEN
        INSERT INTO annals.saga_outbox (topic, partition, position, saga, instance_id, step, command_id, command_type,
                                        stream_id, data, correlation_id, causation_id, actor, traceparent, caused_at,
                                        handles_rejection)
        SELECT topics[s.batch], partitions[s.batch], s.position, s.saga, s.instance_id, s.step, s.command_id,
               s.command_type, s.stream_id, s.data::json, s.correlation_id, s.causation_id, s.actor, s.traceparent,
               s.caused_at, s.handles_rejection
          FROM unnest(
              annals.listed(step_batch)::integer[], annals.listed(step_position)::bigint[], annals.listed(step_saga),
              annals.listed(step_instance_id), annals.listed(step_step), annals.listed(step_command_id)::uuid[],
              annals.listed(step_command_type), annals.listed(step_stream_id), annals.listed(step_data),
              annals.listed(step_correlation_id), annals.listed(step_causation_id), annals.listed(step_actor),
              annals.listed(step_traceparent), annals.listed(step_caused_at)::timestamptz[],
              annals.listed(step_handles_rejection)::boolean[]
          ) AS s(batch, position, saga, instance_id, step, command_id, command_type, stream_id, data, correlation_id,
                 causation_id, actor, traceparent, caused_at, handles_rejection)
         WHERE s.batch = ANY(owned);
    END IF;
    IF parked_follower <> '' OR unparked_follower <> '' THEN
        PERFORM annals.update_parked_streams(owned, topics, partitions,
                                             parked_batch, parked_follower, parked_stream_id, parked_stream_version,
                                             parked_sequence, parked_event_type, parked_error, parked_attempts,
                                             parked_recorded_at, unparked_batch, unparked_follower,
                                             unparked_stream_id);
    END IF;
    RETURN ARRAY(SELECT place FROM generate_subscripts(topics, 1) AS place WHERE place <> ALL(owned));
END $$;
REVOKE EXECUTE ON FUNCTION annals.commit_sagas FROM PUBLIC;
