-- Part of commit_commands: acquires unique claims for streams. `owned` are the places of the batches that are
-- written. Lists as in `listed`. Raises
--   AN002  other streams hold some of the claims; DETAIL is a JSON array of [context, scope, key]
CREATE OR REPLACE FUNCTION annals.acquire_claims(
    owned integer[], contexts text[], times timestamptz[],
    acquire_batch text, acquire_scope text, acquire_key text, acquire_stream_id text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    conflicts json;
BEGIN
    -- Sorted, so that two lanes that want the same claims wait for one another instead of deadlocking.
    WITH wanted AS (
        SELECT contexts[claim.batch] AS context, times[claim.batch] AS claimed_at, claim.scope, claim.key, claim.stream_id
          FROM unnest(annals.listed(acquire_batch)::integer[], annals.listed(acquire_scope), annals.listed(acquire_key),
                      annals.listed(acquire_stream_id)) AS claim(batch, scope, key, stream_id)
         WHERE claim.batch = ANY(owned)
    ), granted AS (
        INSERT INTO annals.unique_claims (context, scope, key, stream_id, claimed_at)
        SELECT context, scope, key, stream_id, claimed_at FROM wanted ORDER BY context, scope, key
        ON CONFLICT DO NOTHING
        RETURNING context, scope, key, stream_id
    )
    SELECT json_agg(json_build_array(context, scope, key)) INTO conflicts
      FROM wanted WHERE (context, scope, key, stream_id) NOT IN (SELECT context, scope, key, stream_id FROM granted);
    IF conflicts IS NOT NULL THEN
        RAISE EXCEPTION 'other streams hold some of the unique claims' USING ERRCODE = 'AN002', DETAIL = conflicts::text;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.acquire_claims FROM PUBLIC;
