-- Snapshots: a stream's state after one of its events, so that a long stream is not folded from its first event each
-- time. Nothing leans on them: who reads one checks it, and folds all events when it is not right. Any may be deleted.

CREATE TABLE annals.snapshots (
    context        text        NOT NULL,
    stream_id      text        NOT NULL,
    stream_version bigint      NOT NULL,
    fingerprint    text        NOT NULL,
    digest         text        NOT NULL,
    state          json        NOT NULL,
    taken_at       timestamptz NOT NULL,
    PRIMARY KEY (context, stream_id)
);
COMMENT ON COLUMN annals.snapshots.fingerprint IS 'Of the code that folded the state; other code does not read it.';
COMMENT ON COLUMN annals.snapshots.digest IS 'SHA-256 of the row and of the id of the event that it stands behind.';

GRANT SELECT, INSERT, UPDATE, DELETE ON annals.snapshots TO annals_writer;
GRANT SELECT ON annals.snapshots TO annals_reader;

-- The snapshots of one batch of a command lane, each the only one of its stream. Called in the statement that calls
-- commit_commands, so an owner that is refused there writes nothing here: what is written is of the lane's owner, and
-- newer than what is there. Lists as in commit_commands.
CREATE FUNCTION annals.keep_snapshots(
    batch_context text, batch_time timestamptz,
    snapshot_stream_id text, snapshot_stream_version text, snapshot_fingerprint text, snapshot_digest text,
    snapshot_state text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF snapshot_stream_id <> '' THEN
        INSERT INTO annals.snapshots (context, stream_id, stream_version, fingerprint, digest, state, taken_at)
        SELECT batch_context, s.stream_id, s.stream_version, s.fingerprint, s.digest, s.state::json, batch_time
          FROM unnest(
              annals.listed(snapshot_stream_id), annals.listed(snapshot_stream_version)::bigint[],
              annals.listed(snapshot_fingerprint), annals.listed(snapshot_digest), annals.listed(snapshot_state)
          ) AS s(stream_id, stream_version, fingerprint, digest, state)
         ORDER BY s.stream_id
        ON CONFLICT (context, stream_id) DO UPDATE
           SET stream_version = excluded.stream_version, fingerprint = excluded.fingerprint,
               digest = excluded.digest, state = excluded.state, taken_at = excluded.taken_at;
    END IF;
END $$;
