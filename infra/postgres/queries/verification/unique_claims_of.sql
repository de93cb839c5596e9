-- $1 context, $2 scopes, $3 keys (lists of the same length, see annals.listed): the streams that hold these.
SELECT r.scope, r.key, r.stream_id
  FROM unnest(annals.listed($2), annals.listed($3)) AS wanted(scope, key)
 CROSS JOIN LATERAL (
       SELECT scope, key, stream_id FROM annals.unique_claims
        WHERE context = $1 AND scope = wanted.scope AND key = wanted.key
        LIMIT 1
       ) AS r
