-- Part of commit_commands: acquires unique claims for streams. Lists as in `listed`. Raises
--   AN002  other streams hold some of the claims; DETAIL is a JSON array of [scope, key]
CREATE OR REPLACE FUNCTION annals.acquire_claims(
    batch_context text, batch_time timestamptz, acquire_scope text, acquire_key text, acquire_stream_id text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    conflicts json;
BEGIN
    -- Sorted, so that two lanes that want the same claims wait for one another instead of deadlocking.
    WITH wanted AS (
        SELECT *
          FROM unnest(annals.listed(acquire_scope), annals.listed(acquire_key), annals.listed(acquire_stream_id))
            AS claim(scope, key, stream_id)
    ), granted AS (
        INSERT INTO annals.unique_claims (context, scope, key, stream_id, claimed_at)
        SELECT batch_context, scope, key, stream_id, batch_time FROM wanted ORDER BY scope, key
        ON CONFLICT DO NOTHING
        RETURNING scope, key
    )
    SELECT json_agg(json_build_array(scope, key)) INTO conflicts
      FROM wanted WHERE (scope, key) NOT IN (SELECT scope, key FROM granted);
    IF conflicts IS NOT NULL THEN
        RAISE EXCEPTION 'other streams hold some of the unique claims' USING ERRCODE = 'AN002', DETAIL = conflicts::text;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.acquire_claims FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.acquire_claims TO annals_writer;
