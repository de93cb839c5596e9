-- The keys by which it is proven who has sent a command (contracts/identity.py): the gateway signs for those whose tokens it
-- has checked, sagas for themselves, operators for themselves. Command workers recognize these, and the keys of services.

ALTER TABLE annals.signing_keys DROP CONSTRAINT signing_keys_purpose_check;
ALTER TABLE annals.signing_keys ADD CONSTRAINT signing_keys_purpose_check
    CHECK (purpose IN ('events', 'replies', 'commands'));
COMMENT ON TABLE annals.signing_keys IS
    'By which records of the log, replies, and the identities of commands are signed. Secret.';

INSERT INTO annals.signing_keys (purpose, key_id, secret)
VALUES ('commands', '1', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

CREATE VIEW annals.command_signing_keys AS
SELECT key_id, secret, signs_from FROM annals.signing_keys WHERE purpose = 'commands';
COMMENT ON VIEW annals.command_signing_keys IS
    'The keys for identities: of command workers, and of those who send commands for others.';

COMMENT ON COLUMN annals.api_keys.hash IS
    'SHA-256 of the key. On Kafka the key of the HMAC by which its holder proves who sends a command: secret.';
