-- Part of commit_commands: stores the secrets of streams, and removes those that are NULL. `owned` are the places of
-- the batches that are written. Lists as in `listed`.
--
-- A row is removed and made anew: an UPDATE by ON CONFLICT would need the right to read the secret.
CREATE OR REPLACE FUNCTION annals.keep_credentials(
    owned integer[], contexts text[], times timestamptz[],
    credential_batch text, credential_stream_id text, credential_secret text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM annals.credentials AS stored
     USING unnest(annals.listed(credential_batch)::integer[], annals.listed(credential_stream_id))
        AS changed(batch, stream_id)
     WHERE changed.batch = ANY(owned)
       AND stored.context = contexts[changed.batch] AND stored.stream_id = changed.stream_id;
    INSERT INTO annals.credentials (context, stream_id, secret, changed_at)
    SELECT contexts[changed.batch], changed.stream_id, changed.secret, times[changed.batch]
      FROM unnest(annals.listed(credential_batch)::integer[], annals.listed(credential_stream_id),
                  annals.listed(credential_secret)) AS changed(batch, stream_id, secret)
     WHERE changed.secret IS NOT NULL AND changed.batch = ANY(owned);
END $$;
REVOKE EXECUTE ON FUNCTION annals.keep_credentials FROM PUBLIC;
