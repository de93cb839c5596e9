-- Lists come as one text each, their elements separated by U+001F, NULL written as U+001E: control characters, which no
-- value of ours may hold. A driver writes such a text many times faster than an array.
CREATE FUNCTION annals.listed(list text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_to_array(list, E'\x1f', E'\x1e')
$$;

-- One batch of a command lane: one call, one transaction, one round trip. `outcome_…`, `event_…`, `acquire_…`,
-- `settle_…` and `credential_…` are the columns of lists of rows.
--
-- The first statement moves the lane row forward in the caller's epoch. When no row answers, another owner has taken
-- over and nothing is written. A row lock on the lane makes the two owners wait for one another.
--   AN001  the lane is in another epoch
--   AN002  reservations are held by other streams; DETAIL is a JSON array of [scope, key]
CREATE FUNCTION annals.commit_commands(
    lane_topic text, lane_partition integer, lane_epoch bigint,
    new_consumed bigint, new_sequence bigint, new_published_sequence bigint, new_published_offset bigint,
    batch_context text, batch_time timestamptz,
    outcome_command_id text, outcome_type text, outcome_stream_id text, outcome_status text,
    outcome_sequence text, outcome_correlation_id text, outcome_causation_id text, outcome_actor text,
    outcome_json text,
    event_sequence text, event_stream_id text, event_stream_version text, event_id text, event_type text,
    event_schema_version text, event_data text, event_command_id text, event_correlation_id text,
    event_causation_id text, event_actor text, event_traceparent text,
    acquire_scope text, acquire_key text, acquire_stream_id text,
    settle_scope text, settle_key text, settle_stream_id text,
    credential_stream_id text, credential_secret text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    refused json;
BEGIN
    UPDATE annals.lanes
       SET consumed = new_consumed, sequence = new_sequence,
           published_sequence = new_published_sequence, published_offset = new_published_offset
     WHERE role = 'command' AND topic = lane_topic AND partition = lane_partition AND epoch = lane_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lane command:%/% is no longer in epoch %', lane_topic, lane_partition, lane_epoch
            USING ERRCODE = 'AN001';
    END IF;

    IF acquire_key <> '' THEN
        -- Sorted, so that two lanes that want the same values wait for one another instead of deadlocking.
        WITH wanted AS (
            SELECT * FROM unnest(
                annals.listed(acquire_scope), annals.listed(acquire_key),
                annals.listed(acquire_stream_id)
            ) AS w(scope, key, stream_id)
        ), granted AS (
            INSERT INTO annals.unique_claims (context, scope, key, stream_id, claimed_at)
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
    IF settle_key <> '' THEN
        DELETE FROM annals.unique_claims r USING (
            SELECT * FROM unnest(
                annals.listed(settle_scope), annals.listed(settle_key),
                annals.listed(settle_stream_id)
            ) AS s(scope, key, stream_id)
        ) s WHERE s.stream_id IS NULL AND r.context = batch_context AND r.scope = s.scope AND r.key = s.key;
        UPDATE annals.unique_claims r SET stream_id = s.stream_id, claimed_at = batch_time FROM (
            SELECT * FROM unnest(
                annals.listed(settle_scope), annals.listed(settle_key),
                annals.listed(settle_stream_id)
            ) AS s(scope, key, stream_id)
        ) s WHERE s.stream_id IS NOT NULL AND r.context = batch_context AND r.scope = s.scope AND r.key = s.key;
    END IF;

    INSERT INTO annals.commands (command_id, type, context, stream_id, status, partition, sequence, correlation_id,
                                 causation_id, actor, handled_at, outcome)
    SELECT o.command_id, o.type, batch_context, o.stream_id, o.status, lane_partition, o.sequence, o.correlation_id,
           o.causation_id, o.actor, batch_time, o.outcome::json
      FROM unnest(
          annals.listed(outcome_command_id)::uuid[], annals.listed(outcome_type),
          annals.listed(outcome_stream_id), annals.listed(outcome_status),
          annals.listed(outcome_sequence)::bigint[], annals.listed(outcome_correlation_id),
          annals.listed(outcome_causation_id), annals.listed(outcome_actor), annals.listed(outcome_json)
      ) AS o(command_id, type, stream_id, status, sequence, correlation_id, causation_id, actor, outcome);

    IF event_sequence <> '' THEN
        INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type,
                                   schema_version, data, command_id, correlation_id, causation_id, actor, traceparent,
                                   recorded_at)
        SELECT batch_context, lane_partition, e.sequence, e.stream_id, e.stream_version, e.event_id, e.type,
               e.schema_version, e.data::jsonb, e.command_id, e.correlation_id, e.causation_id, e.actor, e.traceparent,
               batch_time
          FROM unnest(
              annals.listed(event_sequence)::bigint[], annals.listed(event_stream_id),
              annals.listed(event_stream_version)::bigint[], annals.listed(event_id)::uuid[],
              annals.listed(event_type), annals.listed(event_schema_version)::integer[],
              annals.listed(event_data), annals.listed(event_command_id)::uuid[],
              annals.listed(event_correlation_id), annals.listed(event_causation_id),
              annals.listed(event_actor), annals.listed(event_traceparent)
          ) AS e(sequence, stream_id, stream_version, event_id, type, schema_version, data, command_id,
                 correlation_id, causation_id, actor, traceparent);
    END IF;

    IF credential_stream_id <> '' THEN
        DELETE FROM annals.credentials c USING (
            SELECT * FROM unnest(
                annals.listed(credential_stream_id), annals.listed(credential_secret)
            ) AS n(stream_id, secret)
        ) n WHERE n.secret IS NULL AND c.context = batch_context AND c.stream_id = n.stream_id;
        INSERT INTO annals.credentials AS c (context, stream_id, secret, changed_at)
        SELECT batch_context, n.stream_id, n.secret, batch_time
          FROM unnest(
              annals.listed(credential_stream_id), annals.listed(credential_secret)
          ) AS n(stream_id, secret)
         WHERE n.secret IS NOT NULL
        ON CONFLICT (context, stream_id) DO UPDATE SET secret = excluded.secret, changed_at = excluded.changed_at;
    END IF;
END $$;
