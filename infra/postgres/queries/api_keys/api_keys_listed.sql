SELECT id, name, scopes, created_at, expires_at, revoked_at, last_used_at
  FROM annals.api_keys
 ORDER BY created_at, id
 LIMIT $1
