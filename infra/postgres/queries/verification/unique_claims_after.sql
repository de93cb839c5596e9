-- $1 context, $2 and $3 after this scope and key, $4 limit.
SELECT scope, key, stream_id
  FROM annals.unique_claims
 WHERE context = $1 AND (scope, key) > ($2, $3)
 ORDER BY scope, key
 LIMIT $4
