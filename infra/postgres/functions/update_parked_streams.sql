-- Part of commit_sagas: removes streams that no longer wait, and stores those that wait, or wait with another event than
-- before: that ends what an operator requested about the earlier one. `owned` are the places of the batches that are
-- written. Lists as in `listed`.
CREATE OR REPLACE FUNCTION annals.update_parked_streams(
    owned integer[], topics text[], partitions integer[],
    parked_batch text, parked_follower text, parked_stream_id text, parked_stream_version text, parked_sequence text,
    parked_event_type text, parked_error text, parked_attempts text, parked_recorded_at text,
    unparked_batch text, unparked_follower text, unparked_stream_id text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF unparked_follower <> '' THEN
        DELETE FROM annals.parked_streams AS stored
         USING unnest(annals.listed(unparked_batch)::integer[], annals.listed(unparked_follower),
                      annals.listed(unparked_stream_id)) AS unparked(batch, saga, stream_id)
         WHERE unparked.batch = ANY(owned)
           AND stored.topic = topics[unparked.batch] AND stored.partition = partitions[unparked.batch]
           AND stored.saga = unparked.saga AND stored.stream_id = unparked.stream_id;
    END IF;
    IF parked_follower <> '' THEN
        INSERT INTO annals.parked_streams (saga, topic, partition, stream_id, stream_version, sequence, event_type, error,
                                           attempts, recorded_at)
        SELECT new.saga, topics[new.batch], partitions[new.batch], new.stream_id, new.stream_version, new.sequence,
               new.event_type, new.error, new.attempts, new.recorded_at
          FROM unnest(
              annals.listed(parked_batch)::integer[], annals.listed(parked_follower), annals.listed(parked_stream_id),
              annals.listed(parked_stream_version)::bigint[], annals.listed(parked_sequence)::bigint[],
              annals.listed(parked_event_type), annals.listed(parked_error),
              annals.listed(parked_attempts)::integer[], annals.listed(parked_recorded_at)::timestamptz[]
          ) AS new(batch, saga, stream_id, stream_version, sequence, event_type, error, attempts, recorded_at)
         WHERE new.batch = ANY(owned)
        ON CONFLICT (topic, partition, saga, stream_id) DO UPDATE
           SET stream_version = excluded.stream_version, sequence = excluded.sequence, event_type = excluded.event_type,
               error = excluded.error, attempts = excluded.attempts, recorded_at = excluded.recorded_at,
               requested_action = NULL;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.update_parked_streams FROM PUBLIC;
