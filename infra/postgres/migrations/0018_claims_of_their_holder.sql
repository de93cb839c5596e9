-- A value is given up, or handed on, by the stream that holds it. Addresses of two users may have become equal (a release
-- compares them in another way): then one of them holds the value, and the end of the other must not free it.
--
-- Called in the statement that calls commit_commands, behind it: an owner that is refused there writes nothing here, and
-- what was acquired there may be settled here. Lists as in commit_commands; a holder of NULL: nobody. Raises
--   AN002  values to be handed on are not held by the stream that does; DETAIL is a JSON array of [scope, key, stream id]
CREATE FUNCTION annals.settle_claims(
    batch_context text, batch_time timestamptz,
    settle_scope text, settle_key text, settle_stream_id text, settle_former text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    unheld json;
BEGIN
    IF settle_key <> '' THEN
        DELETE FROM annals.unique_claims r USING (
            SELECT * FROM unnest(
                annals.listed(settle_scope), annals.listed(settle_key),
                annals.listed(settle_stream_id), annals.listed(settle_former)
            ) AS s(scope, key, stream_id, former)
        ) s WHERE s.stream_id IS NULL AND r.context = batch_context AND r.scope = s.scope AND r.key = s.key
              AND r.stream_id = s.former;
        WITH wanted AS (
            SELECT * FROM unnest(
                annals.listed(settle_scope), annals.listed(settle_key),
                annals.listed(settle_stream_id), annals.listed(settle_former)
            ) AS s(scope, key, stream_id, former)
             WHERE s.stream_id IS NOT NULL
        ), handed AS (
            UPDATE annals.unique_claims r SET stream_id = w.stream_id, claimed_at = batch_time FROM wanted w
             WHERE r.context = batch_context AND r.scope = w.scope AND r.key = w.key AND r.stream_id = w.former
            RETURNING r.scope, r.key
        )
        SELECT json_agg(json_build_array(scope, key, former)) INTO unheld
          FROM wanted WHERE (scope, key) NOT IN (SELECT scope, key FROM handed);
        IF unheld IS NOT NULL THEN
            RAISE EXCEPTION 'claims are not held by those who hand them on' USING ERRCODE = 'AN002', DETAIL = unheld::text;
        END IF;
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION annals.settle_claims(text, timestamptz, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.settle_claims(text, timestamptz, text, text, text, text) TO annals_writer;
