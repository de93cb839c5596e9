-- Part of commit_sagas: stores the new states of instances. Lists as in `listed`. Raises
--   AN003  another lane has changed an instance since it was read: its version is not what the batch was decided on
CREATE OR REPLACE FUNCTION annals.update_instances(
    instance_saga text, instance_instance_id text, instance_status text, instance_state text,
    instance_correlation_id text, instance_version text, instance_applied text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    -- Sorted, so that two lanes that change the same instances wait for one another instead of deadlocking.
    WITH written AS (
        INSERT INTO annals.sagas AS stored (saga, instance_id, status, state, correlation_id, started_at, updated_at,
                                            version, applied)
        SELECT new.saga, new.instance_id, new.status, new.state::json, new.correlation_id, now(), now(), new.version,
               new.applied
          FROM unnest(
              annals.listed(instance_saga), annals.listed(instance_instance_id), annals.listed(instance_status),
              annals.listed(instance_state), annals.listed(instance_correlation_id),
              annals.listed(instance_version)::bigint[], annals.listed(instance_applied)::integer[]
          ) AS new(saga, instance_id, status, state, correlation_id, version, applied)
         ORDER BY new.saga, new.instance_id
        ON CONFLICT (saga, instance_id) DO UPDATE
           SET status = excluded.status, state = excluded.state, updated_at = excluded.updated_at,
               version = excluded.version, applied = excluded.applied
         WHERE stored.version = excluded.version - excluded.applied
        RETURNING 1
    )
    SELECT count(*) INTO changed FROM written;
    IF changed <> coalesce(cardinality(annals.listed(instance_saga)), 0) THEN
        RAISE EXCEPTION 'another lane has changed an instance' USING ERRCODE = 'AN003';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.update_instances FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.update_instances TO annals_writer;
