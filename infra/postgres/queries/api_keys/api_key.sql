-- $1 id. How long it is still valid is told by the database's clock; NULL: without an end.
SELECT name, scopes, hash, revoked_at IS NOT NULL AS is_revoked,
       extract(epoch FROM expires_at - clock_timestamp())::float8 AS remaining_seconds
  FROM annals.api_keys
 WHERE id = $1
