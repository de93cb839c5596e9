-- Streams that wait, because a saga's code cannot take their next event. What waits for a read model stands with it, in
-- Redis: it must come and go in the transaction of its checkpoint.

CREATE TABLE annals.parked (
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
COMMENT ON COLUMN annals.parked.stream_version IS 'The first event of the stream that the saga has not taken.';
COMMENT ON COLUMN annals.parked.requested_action IS 'What an operator asks the lane''s owner to do.';
GRANT SELECT, INSERT, UPDATE, DELETE ON annals.parked TO annals_writer;
GRANT SELECT ON annals.parked TO annals_reader;

DROP FUNCTION annals.commit_sagas;

-- One batch of a saga lane: one call, one transaction. Lists as in commit_commands.
-- AN001: the lane is in another epoch.
CREATE FUNCTION annals.commit_sagas(
    lane_topic text, lane_partition integer, lane_epoch bigint,
    new_consumed bigint, new_sequence bigint, new_published_sequence bigint, new_input_sequence bigint,
    instance_saga text, instance_instance_id text, instance_status text, instance_state text,
    instance_correlation_id text,
    step_position text, step_saga text, step_instance_id text, step_step text, step_command_id text,
    step_command_type text, step_stream_id text, step_data text, step_correlation_id text,
    step_causation_id text, step_actor text, step_traceparent text, step_caused_at text,
    parked_saga text, parked_stream_id text, parked_stream_version text, parked_sequence text, parked_event_type text,
    parked_error text, parked_attempts text, parked_recorded_at text,
    unparked_saga text, unparked_stream_id text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE annals.lanes
       SET consumed = new_consumed, sequence = new_sequence, input_sequence = new_input_sequence,
           published_sequence = new_published_sequence
     WHERE role = 'saga' AND topic = lane_topic AND partition = lane_partition AND epoch = lane_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lane saga:%/% is no longer in epoch %', lane_topic, lane_partition, lane_epoch
            USING ERRCODE = 'AN001';
    END IF;
    INSERT INTO annals.sagas AS s (saga, instance_id, status, state, correlation_id, started_at, updated_at)
    SELECT i.saga, i.instance_id, i.status, i.state::jsonb, i.correlation_id, now(), now()
      FROM unnest(
          annals.listed(instance_saga), annals.listed(instance_instance_id), annals.listed(instance_status),
          annals.listed(instance_state), annals.listed(instance_correlation_id)
      ) AS i(saga, instance_id, status, state, correlation_id)
     ORDER BY i.saga, i.instance_id
    ON CONFLICT (saga, instance_id) DO UPDATE
       SET status = excluded.status, state = excluded.state, updated_at = excluded.updated_at;
    INSERT INTO annals.saga_outbox (topic, partition, position, saga, instance_id, step, command_id, command_type,
                                    stream_id, data, correlation_id, causation_id, actor, traceparent, caused_at)
    SELECT lane_topic, lane_partition, o.position, o.saga, o.instance_id, o.step, o.command_id, o.command_type,
           o.stream_id, o.data::json, o.correlation_id, o.causation_id, o.actor, o.traceparent, o.caused_at
      FROM unnest(
          annals.listed(step_position)::bigint[], annals.listed(step_saga), annals.listed(step_instance_id),
          annals.listed(step_step), annals.listed(step_command_id)::uuid[], annals.listed(step_command_type),
          annals.listed(step_stream_id), annals.listed(step_data), annals.listed(step_correlation_id),
          annals.listed(step_causation_id), annals.listed(step_actor), annals.listed(step_traceparent),
          annals.listed(step_caused_at)::timestamptz[]
      ) AS o(position, saga, instance_id, step, command_id, command_type, stream_id, data, correlation_id,
             causation_id, actor, traceparent, caused_at);
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
