-- One batch of a command lane: one call, one transaction, one round trip. `outcome_…`, `event_…`, `acquire_…`, `settle_…`,
-- `credential_…` and `snapshot_…` are the columns of lists of rows, named by the fields of the rows; see `listed`.
--
-- The first statement moves the lane row forward in the caller's epoch. When it finds no row, another owner has taken the
-- lane over and nothing is written. The lock on this row makes two owners wait for one another. Raises
--   AN001  the lane is in another epoch
--   AN002  unique claims are held by other streams; see acquire_claims and settle_claims
CREATE OR REPLACE FUNCTION annals.commit_commands(
    lane_topic text, lane_partition integer, lane_epoch bigint,
    new_consumed bigint, new_last_timestamp bigint, new_sequence bigint,
    new_published_sequence bigint, new_published_offset bigint,
    batch_context text, batch_time timestamptz,
    outcome_command_id text, outcome_type text, outcome_stream_id text, outcome_status text,
    outcome_sequence text, outcome_correlation_id text, outcome_causation_id text, outcome_actor text,
    outcome_outcome text,
    event_sequence text, event_stream_id text, event_stream_version text, event_event_id text, event_type text,
    event_schema_version text, event_data text, event_command_id text, event_correlation_id text,
    event_causation_id text, event_actor text, event_traceparent text,
    acquire_scope text, acquire_key text, acquire_stream_id text,
    settle_scope text, settle_key text, settle_stream_id text, settle_former text,
    credential_stream_id text, credential_secret text,
    snapshot_stream_id text, snapshot_stream_version text, snapshot_fingerprint text, snapshot_digest text,
    snapshot_state text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE annals.lanes
       SET consumed = new_consumed, last_offset = new_consumed - 1, last_timestamp = new_last_timestamp,
           sequence = new_sequence, published_sequence = new_published_sequence, published_offset = new_published_offset
     WHERE role = 'command' AND topic = lane_topic AND partition = lane_partition AND epoch = lane_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lane command:%/% is no longer in epoch %', lane_topic, lane_partition, lane_epoch
            USING ERRCODE = 'AN001';
    END IF;
    IF acquire_key <> '' THEN
        PERFORM annals.acquire_claims(batch_context, batch_time, acquire_scope, acquire_key, acquire_stream_id);
    END IF;

    INSERT INTO annals.commands (command_id, type, context, stream_id, status, partition, sequence, correlation_id,
                                 causation_id, actor, handled_at, outcome)
    SELECT o.command_id, o.type, batch_context, o.stream_id, o.status, lane_partition, o.sequence, o.correlation_id,
           o.causation_id, o.actor, batch_time, o.outcome::json
      FROM unnest(
          annals.listed(outcome_command_id)::uuid[], annals.listed(outcome_type),
          annals.listed(outcome_stream_id), annals.listed(outcome_status),
          annals.listed(outcome_sequence)::bigint[], annals.listed(outcome_correlation_id),
          annals.listed(outcome_causation_id), annals.listed(outcome_actor), annals.listed(outcome_outcome)
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
              annals.listed(event_stream_version)::bigint[], annals.listed(event_event_id)::uuid[],
              annals.listed(event_type), annals.listed(event_schema_version)::integer[],
              annals.listed(event_data), annals.listed(event_command_id)::uuid[],
              annals.listed(event_correlation_id), annals.listed(event_causation_id),
              annals.listed(event_actor), annals.listed(event_traceparent)
          ) AS e(sequence, stream_id, stream_version, event_id, type, schema_version, data, command_id,
                 correlation_id, causation_id, actor, traceparent);
    END IF;
    IF credential_stream_id <> '' THEN
        PERFORM annals.keep_credentials(batch_context, batch_time, credential_stream_id, credential_secret);
    END IF;
    IF settle_key <> '' THEN
        PERFORM annals.settle_claims(batch_context, batch_time, settle_scope, settle_key, settle_stream_id,
                                     settle_former);
    END IF;
    IF snapshot_stream_id <> '' THEN
        PERFORM annals.keep_snapshots(batch_context, batch_time, snapshot_stream_id, snapshot_stream_version,
                                      snapshot_fingerprint, snapshot_digest, snapshot_state);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.commit_commands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.commit_commands TO annals_writer;
