-- Part of commit_sagas: stores the new states of instances. `owned` are the places of the batches that are written. Lists as
-- in `listed`. Raises
--   AN003  another lane has changed an instance since it was read: its version is not what the batch was decided on; DETAIL
--          is a JSON array of [saga, instance id]
--
-- A worker of the release before passes no `instance_seed`: it derives the ids of steps from public things. From the event
-- on with which it has gone on with an instance, everybody does so.
CREATE OR REPLACE FUNCTION annals.update_instances(
    owned integer[], instance_batch text, instance_saga text, instance_instance_id text, instance_status text,
    instance_state text, instance_correlation_id text, instance_version text, instance_applied text,
    instance_seed text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed json;
BEGIN
    -- Sorted, so that two lanes that change the same instances wait for one another instead of deadlocking. Of two batches
    -- that change the same instance, the first one counts.
    WITH new AS (
        SELECT DISTINCT ON (given.saga, given.instance_id) given.*
          FROM unnest(
              annals.listed(instance_batch)::integer[], annals.listed(instance_saga),
              annals.listed(instance_instance_id), annals.listed(instance_status), annals.listed(instance_state),
              annals.listed(instance_correlation_id), annals.listed(instance_version)::bigint[],
              annals.listed(instance_applied)::integer[], annals.listed(instance_seed)::uuid[]
          ) AS given(batch, saga, instance_id, status, state, correlation_id, version, applied, seed)
         WHERE given.batch = ANY(owned)
         ORDER BY given.saga, given.instance_id, given.batch
    ), written AS (
        INSERT INTO annals.sagas AS stored (saga, instance_id, status, state, correlation_id, started_at, updated_at,
                                            version, applied, seed)
        SELECT new.saga, new.instance_id, new.status, new.state::json, new.correlation_id, now(), now(), new.version,
               new.applied, new.seed
          FROM new
         ORDER BY new.saga, new.instance_id
        ON CONFLICT (saga, instance_id) DO UPDATE
           SET status = excluded.status, state = excluded.state, updated_at = excluded.updated_at,
               version = excluded.version, applied = excluded.applied,
               seeded_to = CASE WHEN instance_seed IS NULL AND stored.seed IS NOT NULL
                                THEN coalesce(stored.seeded_to, stored.version) ELSE stored.seeded_to END
         WHERE stored.version = excluded.version - excluded.applied
        RETURNING stored.saga, stored.instance_id, stored.version
    )
    SELECT json_agg(json_build_array(given.saga, given.instance_id)) INTO changed
      FROM unnest(annals.listed(instance_batch)::integer[], annals.listed(instance_saga),
                  annals.listed(instance_instance_id), annals.listed(instance_version)::bigint[])
        AS given(batch, saga, instance_id, version)
     WHERE given.batch = ANY(owned)
       AND NOT EXISTS (SELECT FROM new JOIN written USING (saga, instance_id)
                        WHERE new.batch = given.batch AND saga = given.saga AND instance_id = given.instance_id);
    IF changed IS NOT NULL THEN
        RAISE EXCEPTION 'another lane has changed an instance' USING ERRCODE = 'AN003', DETAIL = changed::text;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.update_instances FROM PUBLIC;
