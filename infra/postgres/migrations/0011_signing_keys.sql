-- The keys by which records are signed: a reader of the log or of replies believes what carries a signature, and looks at
-- the tables for the rest (contracts/signatures.py). Who may read the keys of one purpose can sign for it, so each purpose
-- has a view of its own, and no role may read the table.

CREATE TABLE annals.signing_keys (
    purpose    text        NOT NULL CHECK (purpose IN ('events', 'replies')),
    key_id     text        NOT NULL CHECK (key_id ~ '^[A-Za-z0-9_-]{1,32}$'),
    secret     bytea       NOT NULL CHECK (octet_length(secret) = 32),
    signs_from timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (purpose, key_id)
);
COMMENT ON TABLE annals.signing_keys IS 'By which records of the log, and replies, are signed. Secret.';
COMMENT ON COLUMN annals.signing_keys.signs_from IS
    'From when on records are signed with it. Until then every process learns of it; older keys are still recognized.';

-- Random ids are made from the operating system's source of randomness; two of them hold 244 random bits.
INSERT INTO annals.signing_keys (purpose, key_id, secret)
SELECT purpose, '1', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
  FROM unnest(ARRAY['events', 'replies']) AS purpose;

CREATE VIEW annals.event_signing_keys AS
SELECT key_id, secret, signs_from FROM annals.signing_keys WHERE purpose = 'events';
CREATE VIEW annals.reply_signing_keys AS
SELECT key_id, secret, signs_from FROM annals.signing_keys WHERE purpose = 'replies';
COMMENT ON VIEW annals.event_signing_keys IS 'The keys for events: of those who write the log, or act on what it says.';
COMMENT ON VIEW annals.reply_signing_keys IS 'The keys for replies: of command workers, and of the gateway.';
