-- $1 context. The claims whose keys are not ASCII, the oldest first.
SELECT scope, key, stream_id
  FROM annals.reservations
 WHERE context = $1 AND key ~ '[^ -~]'
 ORDER BY reserved_at, scope, key
