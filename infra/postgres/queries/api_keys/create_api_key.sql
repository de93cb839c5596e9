-- $1 id, $2 name, $3 scopes, $4 hash, $5 seconds until it expires; NULL: never.
INSERT INTO annals.api_keys (id, name, scopes, hash, expires_at)
VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
RETURNING id, name, scopes, created_at, expires_at, revoked_at, last_used_at
