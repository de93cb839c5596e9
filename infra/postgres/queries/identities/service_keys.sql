-- $1 how many at most, the newest first.
SELECT id, name, scopes, hash
  FROM annals.api_keys
 WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
 ORDER BY created_at DESC, id
 LIMIT $1
