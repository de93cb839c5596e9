-- $1 context. The claims whose keys are not ASCII, the oldest first.
SELECT scope, key, stream_id
  FROM annals.unique_claims
 WHERE context = $1 AND key ~ '[^ -~]'
 ORDER BY claimed_at, scope, key
