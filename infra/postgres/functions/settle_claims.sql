-- Part of commit_commands: releases unique claims (stream id NULL) and hands others on, each only from the stream
-- that holds it (`former`). E-mail addresses of two users may have become equal, when a release compares them in another
-- way: then one of the users holds the claim, and the deletion of the other must not release it. What the same batch has
-- acquired may be settled here. `owned` are the places of the batches that are written. Lists as in `listed`. Raises
--   AN002  a stream does not hold the claim that it would hand on; DETAIL is a JSON array of [context, scope, key, stream
--          id]
CREATE OR REPLACE FUNCTION annals.settle_claims(
    owned integer[], contexts text[], times timestamptz[],
    settle_batch text, settle_scope text, settle_key text, settle_stream_id text, settle_former text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    conflicts json;
BEGIN
    DELETE FROM annals.unique_claims AS claim
     USING unnest(annals.listed(settle_batch)::integer[], annals.listed(settle_scope), annals.listed(settle_key),
                  annals.listed(settle_stream_id), annals.listed(settle_former))
        AS released(batch, scope, key, stream_id, former)
     WHERE released.stream_id IS NULL AND released.batch = ANY(owned)
       AND claim.context = contexts[released.batch] AND claim.scope = released.scope AND claim.key = released.key
       AND claim.stream_id = released.former;
    WITH wanted AS (
        SELECT contexts[handed_on.batch] AS context, times[handed_on.batch] AS claimed_at, handed_on.*
          FROM unnest(annals.listed(settle_batch)::integer[], annals.listed(settle_scope), annals.listed(settle_key),
                      annals.listed(settle_stream_id), annals.listed(settle_former))
            AS handed_on(batch, scope, key, stream_id, former)
         WHERE handed_on.stream_id IS NOT NULL AND handed_on.batch = ANY(owned)
    ), granted AS (
        UPDATE annals.unique_claims AS claim SET stream_id = wanted.stream_id, claimed_at = wanted.claimed_at
          FROM wanted
         WHERE claim.context = wanted.context AND claim.scope = wanted.scope AND claim.key = wanted.key
           AND claim.stream_id = wanted.former
        RETURNING claim.context, claim.scope, claim.key
    )
    SELECT json_agg(json_build_array(context, scope, key, former)) INTO conflicts
      FROM wanted WHERE (context, scope, key) NOT IN (SELECT context, scope, key FROM granted);
    IF conflicts IS NOT NULL THEN
        RAISE EXCEPTION 'unique claims are not held by the streams that hand them on'
            USING ERRCODE = 'AN002', DETAIL = conflicts::text;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION annals.settle_claims FROM PUBLIC;
