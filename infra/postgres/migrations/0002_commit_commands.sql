-- One batch of a command lane: one call, one transaction, one round trip.
--
-- The first statement moves the lane row forward in the caller's epoch. When no row answers, another owner has taken
-- over and nothing is written. A row lock on the lane makes the two owners wait for one another.
--   AN001  the lane is in another epoch
--   AN002  reservations are held by other streams; DETAIL is a JSON array of [scope, key]
CREATE FUNCTION annals.commit_commands(
    lane_topic text, lane_partition integer, lane_epoch bigint,
    new_consumed bigint, new_sequence bigint, new_published_sequence bigint, new_published_offset bigint,
    batch_context text, batch_time timestamptz,
    outcome_command_id uuid[], outcome_type text[], outcome_stream_id text[], outcome_status text[],
    outcome_sequence bigint[], outcome_correlation_id text[], outcome_causation_id text[], outcome_actor text[],
    outcome_json text[],
    event_sequence bigint[], event_stream_id text[], event_stream_version bigint[], event_id uuid[], event_type text[],
    event_schema_version integer[], event_data text[], event_command_id uuid[], event_correlation_id text[],
    event_causation_id text[], event_actor text[], event_traceparent text[],
    acquire_scope text[], acquire_key text[], acquire_stream_id text[],
    settle_scope text[], settle_key text[], settle_stream_id text[],
    credential_stream_id text[], credential_secret text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    refused json;
BEGIN
    UPDATE annals.lanes
       SET consumed = new_consumed, sequence = new_sequence,
           published_sequence = greatest(published_sequence, new_published_sequence),
           published_offset = greatest(published_offset, new_published_offset)
     WHERE role = 'command' AND topic = lane_topic AND partition = lane_partition AND epoch = lane_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lane command:%/% is no longer in epoch %', lane_topic, lane_partition, lane_epoch
            USING ERRCODE = 'AN001';
    END IF;

    IF cardinality(acquire_key) > 0 THEN
        -- Sorted, so that two lanes that want the same values wait for one another instead of deadlocking.
        WITH wanted AS (
            SELECT * FROM unnest(acquire_scope, acquire_key, acquire_stream_id) AS w(scope, key, stream_id)
        ), granted AS (
            INSERT INTO annals.reservations (context, scope, key, stream_id, reserved_at)
            SELECT batch_context, scope, key, stream_id, batch_time FROM wanted ORDER BY scope, key
            ON CONFLICT DO NOTHING
            RETURNING scope, key
        )
        SELECT json_agg(json_build_array(scope, key)) INTO refused
          FROM wanted WHERE (scope, key) NOT IN (SELECT scope, key FROM granted);
        IF refused IS NOT NULL THEN
            RAISE EXCEPTION 'reservations are held by other streams' USING ERRCODE = 'AN002', DETAIL = refused::text;
        END IF;
    END IF;
    IF cardinality(settle_key) > 0 THEN
        DELETE FROM annals.reservations r USING (
            SELECT * FROM unnest(settle_scope, settle_key, settle_stream_id) AS s(scope, key, stream_id)
        ) s WHERE s.stream_id IS NULL AND r.context = batch_context AND r.scope = s.scope AND r.key = s.key;
        UPDATE annals.reservations r SET stream_id = s.stream_id, reserved_at = batch_time FROM (
            SELECT * FROM unnest(settle_scope, settle_key, settle_stream_id) AS s(scope, key, stream_id)
        ) s WHERE s.stream_id IS NOT NULL AND r.context = batch_context AND r.scope = s.scope AND r.key = s.key;
    END IF;

    INSERT INTO annals.commands (command_id, type, context, stream_id, status, partition, sequence, correlation_id,
                                 causation_id, actor, handled_at, outcome)
    SELECT o.command_id, o.type, batch_context, o.stream_id, o.status, lane_partition, o.sequence, o.correlation_id,
           o.causation_id, o.actor, batch_time, o.outcome::json
      FROM unnest(outcome_command_id, outcome_type, outcome_stream_id, outcome_status, outcome_sequence,
                  outcome_correlation_id, outcome_causation_id, outcome_actor, outcome_json)
        AS o(command_id, type, stream_id, status, sequence, correlation_id, causation_id, actor, outcome);

    IF cardinality(event_sequence) > 0 THEN
        INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type,
                                   schema_version, data, command_id, correlation_id, causation_id, actor, traceparent,
                                   recorded_at)
        SELECT batch_context, lane_partition, e.sequence, e.stream_id, e.stream_version, e.event_id, e.type,
               e.schema_version, e.data::jsonb, e.command_id, e.correlation_id, e.causation_id, e.actor, e.traceparent,
               batch_time
          FROM unnest(event_sequence, event_stream_id, event_stream_version, event_id, event_type,
                      event_schema_version, event_data, event_command_id, event_correlation_id, event_causation_id,
                      event_actor, event_traceparent)
            AS e(sequence, stream_id, stream_version, event_id, type, schema_version, data, command_id,
                 correlation_id, causation_id, actor, traceparent);
    END IF;

    IF cardinality(credential_stream_id) > 0 THEN
        DELETE FROM annals.credentials c USING (
            SELECT * FROM unnest(credential_stream_id, credential_secret) AS n(stream_id, secret)
        ) n WHERE n.secret IS NULL AND c.context = batch_context AND c.stream_id = n.stream_id;
        INSERT INTO annals.credentials AS c (context, stream_id, secret, changed_at)
        SELECT batch_context, n.stream_id, n.secret, batch_time
          FROM unnest(credential_stream_id, credential_secret) AS n(stream_id, secret) WHERE n.secret IS NOT NULL
        ON CONFLICT (context, stream_id) DO UPDATE SET secret = excluded.secret, changed_at = excluded.changed_at;
    END IF;
END $$;
