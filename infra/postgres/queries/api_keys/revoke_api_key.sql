-- $1 id. A key that was revoked before keeps that time.
UPDATE annals.api_keys SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL
