-- Part of commit_sagas: the events on which the batches act, as the log has them, must stand in the event table. A command
-- worker writes an event there before it publishes it, so a true one is always visible. `owned` are the places of the
-- batches that are written. Lists as in `listed`; an event of which no saga takes the data comes without. The sequences of
-- a batch follow one another, so that its events are read in one stretch. Raises
--   AN004  some are not there, or others are; DETAIL is a JSON array of the [topic, partition] of their lanes
CREATE OR REPLACE FUNCTION annals.require_events(
    owned integer[], topics text[], partitions integer[], logged_batch text, logged_context text, logged_sequence text,
    logged_event_id text, logged_stream_id text, logged_stream_version text, logged_type text,
    logged_schema_version text, logged_data text, logged_correlation_id text, logged_actor text,
    logged_traceparent text, logged_recorded_at text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lacking json;
BEGIN
    WITH logged AS MATERIALIZED (
        SELECT given.*
          FROM unnest(
              annals.listed(logged_batch)::integer[], annals.listed(logged_context),
              annals.listed(logged_sequence)::bigint[], annals.listed(logged_event_id)::uuid[],
              annals.listed(logged_stream_id), annals.listed(logged_stream_version)::bigint[],
              annals.listed(logged_type), annals.listed(logged_schema_version)::integer[],
              annals.listed(logged_data), annals.listed(logged_correlation_id), annals.listed(logged_actor),
              annals.listed(logged_traceparent), annals.listed(logged_recorded_at)::timestamptz[]
          ) AS given(batch, context, sequence, event_id, stream_id, stream_version, type, schema_version, data,
                     correlation_id, actor, traceparent, recorded_at)
         WHERE given.batch = ANY(owned)
    ), stretches AS (
        SELECT batch, context, min(sequence) AS first, count(*) AS events FROM logged GROUP BY batch, context
    ), stored AS MATERIALIZED (
        SELECT stretches.batch, event.*
          FROM stretches
         CROSS JOIN LATERAL (
               SELECT *
                 FROM annals.live_events AS live
                WHERE live.context = stretches.context AND live.partition = partitions[stretches.batch]
                  AND live.sequence >= stretches.first
                ORDER BY live.sequence
                LIMIT stretches.events
               ) AS event
    ), differing AS (
        SELECT batch
          FROM (SELECT batch, sequence, event_id, context, stream_id, stream_version, type, schema_version,
                       correlation_id, actor, traceparent, recorded_at
                  FROM logged
                EXCEPT
                SELECT batch, sequence, event_id, context, stream_id, stream_version, type, schema_version,
                       correlation_id, actor, traceparent, recorded_at
                  FROM stored) AS others
         UNION
        SELECT batch
          FROM (SELECT batch, sequence, data::jsonb FROM logged WHERE data IS NOT NULL
                EXCEPT
                SELECT batch, sequence, data FROM stored) AS others
    )
    SELECT json_agg(json_build_array(topics[batch], partitions[batch])) INTO lacking FROM differing;
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'events of the log do not stand in the event table' USING ERRCODE = 'AN004',
            DETAIL = lacking::text;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.require_events FROM PUBLIC;
