-- Part of commit_commands: replaces the snapshots of streams, at most one for each stream. `owned` are the places of
-- the batches that are written. Lists as in `listed`. Only a lane's owner comes this far, so a snapshot that is written here
-- is newer than the stored one.
CREATE OR REPLACE FUNCTION annals.keep_snapshots(
    owned integer[], contexts text[], times timestamptz[],
    snapshot_batch text, snapshot_stream_id text, snapshot_stream_version text, snapshot_fingerprint text,
    snapshot_digest text, snapshot_state text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annals.snapshots (context, stream_id, stream_version, fingerprint, digest, state, taken_at)
    SELECT contexts[new.batch], new.stream_id, new.stream_version, new.fingerprint, new.digest, new.state::json,
           times[new.batch]
      FROM unnest(
          annals.listed(snapshot_batch)::integer[], annals.listed(snapshot_stream_id),
          annals.listed(snapshot_stream_version)::bigint[], annals.listed(snapshot_fingerprint),
          annals.listed(snapshot_digest), annals.listed(snapshot_state)
      ) AS new(batch, stream_id, stream_version, fingerprint, digest, state)
     WHERE new.batch = ANY(owned)
     ORDER BY contexts[new.batch], new.stream_id
    ON CONFLICT (context, stream_id) DO UPDATE
       SET stream_version = excluded.stream_version, fingerprint = excluded.fingerprint,
           digest = excluded.digest, state = excluded.state, taken_at = excluded.taken_at;
END $$;
REVOKE EXECUTE ON FUNCTION annals.keep_snapshots FROM PUBLIC;
