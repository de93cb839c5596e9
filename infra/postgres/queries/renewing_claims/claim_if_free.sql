-- $1 context, $2 scope, $3 key, $4 stream id: claims the key for the stream if it is free; one row: who holds it then.
WITH granted AS (
     INSERT INTO annals.unique_claims (context, scope, key, stream_id) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING
     RETURNING stream_id
)
SELECT stream_id FROM granted
 UNION ALL
SELECT stream_id FROM annals.unique_claims WHERE context = $1 AND scope = $2 AND key = $3
 LIMIT 1
