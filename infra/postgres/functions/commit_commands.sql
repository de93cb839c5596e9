-- Batches of command lanes, one of each lane: one call, one transaction, one round trip. Arguments are columns of lists, see
-- `listed`: `batch_…` has a row for each lane; in `outcome_…`, `event_…`, `acquire_…`, `settle_…`, `credential_…` and
-- `snapshot_…`, which are named by the fields of the rows, `…_batch` is the place (from 1) of the row's batch.
--
-- The first statement moves each lane row forward in its owner's epoch. Returns the places of the batches that are not
-- written: those whose lane has another owner, and, unless the call `waits`, those whose lane is locked: each of them is
-- tried alone and waits, so that two owners of a lane wait for one another. All other batches are written, or none. Raises
--   AN002  unique claims are held by other streams; see acquire_claims and settle_claims
CREATE OR REPLACE FUNCTION annals.commit_commands(
    batch_topic text, batch_partition text, batch_epoch text, batch_context text, batch_time text,
    batch_consumed text, batch_last_timestamp text, batch_sequence text,
    batch_published_sequence text, batch_published_offset text,
    outcome_batch text, outcome_command_id text, outcome_type text, outcome_stream_id text, outcome_status text,
    outcome_stream_version text, outcome_sequence text, outcome_event_count text, outcome_error text,
    outcome_correlation_id text, outcome_causation_id text, outcome_actor text, outcome_content_digest text,
    event_batch text, event_sequence text, event_stream_id text, event_stream_version text, event_event_id text,
    event_type text, event_schema_version text, event_data text, event_command_id text, event_correlation_id text,
    event_causation_id text, event_actor text, event_traceparent text,
    acquire_batch text, acquire_scope text, acquire_key text, acquire_stream_id text,
    settle_batch text, settle_scope text, settle_key text, settle_stream_id text, settle_former text,
    credential_batch text, credential_stream_id text, credential_secret text,
    snapshot_batch text, snapshot_stream_id text, snapshot_stream_version text, snapshot_fingerprint text,
    snapshot_digest text, snapshot_state text, waits boolean DEFAULT true
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    contexts text[] := annals.listed(batch_context);
    partitions integer[] := annals.listed(batch_partition)::integer[];
    times timestamptz[] := annals.listed(batch_time)::timestamptz[];
    owned integer[];
BEGIN
    -- A lane whose row is locked is left to a call that waits: the others, and those that come next, need not wait for it.
    WITH given AS (
        SELECT *
          FROM unnest(
              annals.listed(batch_topic), partitions, annals.listed(batch_epoch)::bigint[],
              annals.listed(batch_consumed)::bigint[], annals.listed(batch_last_timestamp)::bigint[],
              annals.listed(batch_sequence)::bigint[], annals.listed(batch_published_sequence)::bigint[],
              annals.listed(batch_published_offset)::bigint[]
          ) WITH ORDINALITY AS batch(topic, partition, epoch, consumed, last_timestamp, sequence, published_sequence,
                                     published_offset, place)
    ), free AS (
        SELECT lane.topic, lane.partition
          FROM given
          JOIN annals.lanes AS lane
            ON lane.role = 'command' AND lane.topic = given.topic AND lane.partition = given.partition
           AND lane.epoch = given.epoch
         WHERE NOT waits
           FOR UPDATE OF lane SKIP LOCKED
    ), written AS (
        UPDATE annals.lanes AS lane
           SET consumed = given.consumed, last_offset = given.consumed - 1, last_timestamp = given.last_timestamp,
               sequence = given.sequence, published_sequence = given.published_sequence,
               published_offset = given.published_offset
          FROM given
         WHERE lane.role = 'command' AND lane.topic = given.topic AND lane.partition = given.partition
           AND lane.epoch = given.epoch
           AND (waits
                OR EXISTS (SELECT FROM free WHERE free.topic = given.topic AND free.partition = given.partition))
        RETURNING given.place
    )
    SELECT coalesce(array_agg(place::integer), '{}') INTO owned FROM written;

    IF acquire_key <> '' THEN
        PERFORM annals.acquire_claims(owned, contexts, times, acquire_batch, acquire_scope, acquire_key,
                                             acquire_stream_id);
    END IF;

    INSERT INTO annals.commands (command_id, type, context, stream_id, status, stream_version, partition, sequence,
                                 event_count, error, correlation_id, causation_id, actor, handled_at, content_digest)
    SELECT o.command_id, o.type, contexts[o.batch], o.stream_id, o.status, o.stream_version, partitions[o.batch],
           o.sequence, o.event_count, o.error::json, o.correlation_id, o.causation_id, o.actor, times[o.batch],
           decode(o.content_digest, 'hex')
      FROM unnest(
          annals.listed(outcome_batch)::integer[], annals.listed(outcome_command_id)::uuid[],
          annals.listed(outcome_type), annals.listed(outcome_stream_id), annals.listed(outcome_status),
          annals.listed(outcome_stream_version)::bigint[], annals.listed(outcome_sequence)::bigint[],
          annals.listed(outcome_event_count)::integer[], annals.listed(outcome_error),
          annals.listed(outcome_correlation_id), annals.listed(outcome_causation_id), annals.listed(outcome_actor),
          annals.listed(outcome_content_digest)
      ) AS o(batch, command_id, type, stream_id, status, stream_version, sequence, event_count, error,
             correlation_id, causation_id, actor, content_digest)
     WHERE o.batch = ANY(owned);

    IF event_sequence <> '' THEN
        INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type,
                                   schema_version, data, command_id, correlation_id, causation_id, actor, traceparent,
                                   recorded_at)
        SELECT contexts[e.batch], partitions[e.batch], e.sequence, e.stream_id, e.stream_version, e.event_id, e.type,
               e.schema_version, e.data::jsonb, e.command_id, e.correlation_id, e.causation_id, e.actor, e.traceparent,
               times[e.batch]
          FROM unnest(
              annals.listed(event_batch)::integer[], annals.listed(event_sequence)::bigint[],
              annals.listed(event_stream_id), annals.listed(event_stream_version)::bigint[],
              annals.listed(event_event_id)::uuid[], annals.listed(event_type),
              annals.listed(event_schema_version)::integer[], annals.listed(event_data),
              annals.listed(event_command_id)::uuid[], annals.listed(event_correlation_id),
              annals.listed(event_causation_id), annals.listed(event_actor), annals.listed(event_traceparent)
          ) AS e(batch, sequence, stream_id, stream_version, event_id, type, schema_version, data, command_id,
                 correlation_id, causation_id, actor, traceparent)
         WHERE e.batch = ANY(owned);
    END IF;
    IF credential_stream_id <> '' THEN
        PERFORM annals.keep_credentials(owned, contexts, times, credential_batch, credential_stream_id,
                                         credential_secret);
    END IF;
    IF settle_key <> '' THEN
        PERFORM annals.settle_claims(owned, contexts, times, settle_batch, settle_scope, settle_key,
                                            settle_stream_id, settle_former);
    END IF;
    IF snapshot_stream_id <> '' THEN
        PERFORM annals.keep_snapshots(owned, contexts, times, snapshot_batch, snapshot_stream_id,
                                       snapshot_stream_version, snapshot_fingerprint, snapshot_digest, snapshot_state);
    END IF;
    RETURN ARRAY(SELECT place FROM generate_subscripts(contexts, 1) AS place WHERE place <> ALL(owned));
END $$;
REVOKE EXECUTE ON FUNCTION annals.commit_commands FROM PUBLIC;
