-- Sagas: the instances, and the outbox of the commands that they send.

CREATE TABLE annals.sagas (
    saga           text        NOT NULL,
    instance_id    text        NOT NULL,
    status         text        NOT NULL,
    state          jsonb       NOT NULL,
    correlation_id text        NOT NULL,
    started_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (saga, instance_id)
);

-- Every step ever decided, in the lane's order. Those above the lane's published_sequence are still to be sent.
CREATE TABLE annals.saga_outbox (
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    position       bigint      NOT NULL,
    saga           text        NOT NULL,
    instance_id    text        NOT NULL,
    step           text        NOT NULL,
    command_id     uuid        NOT NULL,
    command_type   text        NOT NULL,
    stream_id      text        NOT NULL,
    data           json        NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text        NOT NULL,
    actor          text,
    traceparent    text,
    caused_at      timestamptz NOT NULL,
    decided_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, position)
);
CREATE INDEX saga_outbox_instance ON annals.saga_outbox (saga, instance_id);
COMMENT ON COLUMN annals.saga_outbox.topic IS 'The lane: the event topic and partition whose event led to the step.';

-- One batch of a saga lane: one call, one transaction. Lists as in commit_commands.
-- AN001: the lane is in another epoch.
CREATE FUNCTION annals.commit_sagas(
    lane_topic text, lane_partition integer, lane_epoch bigint,
    new_consumed bigint, new_sequence bigint, new_published_sequence bigint, new_input_sequence bigint,
    instance_saga text, instance_instance_id text, instance_status text, instance_state text,
    instance_correlation_id text,
    step_position text, step_saga text, step_instance_id text, step_step text, step_command_id text,
    step_command_type text, step_stream_id text, step_data text, step_correlation_id text,
    step_causation_id text, step_actor text, step_traceparent text, step_caused_at text
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
END $$;
