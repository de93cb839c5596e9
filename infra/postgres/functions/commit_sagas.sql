-- One batch of a saga lane: one call, one transaction, one round trip. `instance_…`, `step_…`, `parked_…`, `unparked_…`,
-- `journal_…`, `deadline_…`, `cleared_…` and `passed_…` are the columns of lists of rows, named by the fields of the rows,
-- `answered_position` is a list; see `listed`. Raises
--   AN001  the lane is in another epoch
--   AN003  another lane has changed an instance, or a deadline of one, since it was read
CREATE OR REPLACE FUNCTION annals.commit_sagas(
    lane_topic text, lane_partition integer, lane_epoch bigint,
    new_consumed bigint, new_position bigint, new_published bigint, new_input_sequence bigint,
    instance_saga text, instance_instance_id text, instance_status text, instance_state text,
    instance_correlation_id text, instance_version text, instance_applied text,
    step_position text, step_saga text, step_instance_id text, step_step text, step_command_id text,
    step_command_type text, step_stream_id text, step_data text, step_correlation_id text,
    step_causation_id text, step_actor text, step_traceparent text, step_caused_at text,
    step_handles_rejection text,
    parked_follower text, parked_stream_id text, parked_stream_version text, parked_sequence text,
    parked_event_type text, parked_error text, parked_attempts text, parked_recorded_at text,
    unparked_follower text, unparked_stream_id text,
    journal_saga text, journal_instance_id text, journal_version text, journal_type text, journal_context text,
    journal_partition text, journal_sequence text, journal_event_id text, journal_recorded_at text,
    journal_status text, journal_data text,
    deadline_saga text, deadline_instance_id text, deadline_name text, deadline_due_at text, deadline_event_id text,
    deadline_correlation_id text, deadline_actor text, deadline_traceparent text,
    cleared_saga text, cleared_instance_id text, cleared_name text,
    passed_saga text, passed_instance_id text, passed_name text, passed_event_id text,
    answered_position text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE annals.lanes
       SET consumed = new_consumed, sequence = new_position, input_sequence = new_input_sequence,
           published_sequence = new_published
     WHERE role = 'saga' AND topic = lane_topic AND partition = lane_partition AND epoch = lane_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lane saga:%/% is no longer in epoch %', lane_topic, lane_partition, lane_epoch
            USING ERRCODE = 'AN001';
    END IF;
    -- First of all: what belongs to an instance changes only while the row of the instance is locked.
    IF instance_saga <> '' THEN
        PERFORM annals.update_instances(instance_saga, instance_instance_id, instance_status, instance_state,
                                        instance_correlation_id, instance_version, instance_applied);
    END IF;
    IF deadline_saga <> '' OR cleared_saga <> '' OR passed_saga <> '' THEN
        PERFORM annals.update_deadlines(lane_topic, lane_partition,
                                        deadline_saga, deadline_instance_id, deadline_name, deadline_due_at,
                                        deadline_event_id, deadline_correlation_id, deadline_actor,
                                        deadline_traceparent, cleared_saga, cleared_instance_id, cleared_name,
                                        passed_saga, passed_instance_id, passed_name, passed_event_id);
    END IF;
    IF answered_position <> '' THEN
        DELETE FROM annals.step_rejections
         WHERE topic = lane_topic AND partition = lane_partition
           AND position = ANY(annals.listed(answered_position)::bigint[]);
        DELETE FROM annals.unchanged_steps
         WHERE topic = lane_topic AND partition = lane_partition
           AND position = ANY(annals.listed(answered_position)::bigint[]);
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
    IF step_position <> '' THEN
        INSERT INTO annals.saga_outbox (topic, partition, position, saga, instance_id, step, command_id, command_type,
                                        stream_id, data, correlation_id, causation_id, actor, traceparent, caused_at,
                                        handles_rejection)
        SELECT lane_topic, lane_partition, s.position, s.saga, s.instance_id, s.step, s.command_id, s.command_type,
               s.stream_id, s.data::json, s.correlation_id, s.causation_id, s.actor, s.traceparent, s.caused_at,
               s.handles_rejection
          FROM unnest(
              annals.listed(step_position)::bigint[], annals.listed(step_saga), annals.listed(step_instance_id),
              annals.listed(step_step), annals.listed(step_command_id)::uuid[], annals.listed(step_command_type),
              annals.listed(step_stream_id), annals.listed(step_data), annals.listed(step_correlation_id),
              annals.listed(step_causation_id), annals.listed(step_actor), annals.listed(step_traceparent),
              annals.listed(step_caused_at)::timestamptz[], annals.listed(step_handles_rejection)::boolean[]
          ) AS s(position, saga, instance_id, step, command_id, command_type, stream_id, data, correlation_id,
                 causation_id, actor, traceparent, caused_at, handles_rejection);
    END IF;
    IF parked_follower <> '' OR unparked_follower <> '' THEN
        PERFORM annals.update_parked_streams(lane_topic, lane_partition,
                                             parked_follower, parked_stream_id, parked_stream_version, parked_sequence,
                                             parked_event_type, parked_error, parked_attempts, parked_recorded_at,
                                             unparked_follower, unparked_stream_id);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.commit_sagas FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.commit_sagas TO annals_writer;
