-- Part of commit_commands: stores the secrets of streams, and removes those that are NULL. Lists as in `listed`.
CREATE OR REPLACE FUNCTION annals.keep_credentials(
    batch_context text, batch_time timestamptz, credential_stream_id text, credential_secret text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM annals.credentials AS stored
     USING unnest(annals.listed(credential_stream_id), annals.listed(credential_secret)) AS changed(stream_id, secret)
     WHERE changed.secret IS NULL AND stored.context = batch_context AND stored.stream_id = changed.stream_id;
    INSERT INTO annals.credentials (context, stream_id, secret, changed_at)
    SELECT batch_context, changed.stream_id, changed.secret, batch_time
      FROM unnest(annals.listed(credential_stream_id), annals.listed(credential_secret)) AS changed(stream_id, secret)
     WHERE changed.secret IS NOT NULL
    ON CONFLICT (context, stream_id) DO UPDATE SET secret = excluded.secret, changed_at = excluded.changed_at;
END $$;
REVOKE EXECUTE ON FUNCTION annals.keep_credentials FROM PUBLIC;
GRANT EXECUTE ON FUNCTION annals.keep_credentials TO annals_writer;
