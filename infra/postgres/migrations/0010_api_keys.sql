-- Keys by which services prove who they are to the gateway. What a service sends is not kept: `hash` is the SHA-256 of 256
-- random bits, which nobody can guess from it.

CREATE TABLE annals.api_keys (
    id           text        PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    name         text        NOT NULL CHECK (name <> ''),
    scopes       text[]      NOT NULL,
    hash         bytea       NOT NULL CHECK (octet_length(hash) = 32),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
COMMENT ON TABLE annals.api_keys IS 'The keys of services, by the id that is part of each key. The key itself is stored nowhere.';
COMMENT ON COLUMN annals.api_keys.name IS 'The service. Several keys may have one name, so that a key can be replaced.';
COMMENT ON COLUMN annals.api_keys.last_used_at IS 'To about a minute; NULL: never.';
