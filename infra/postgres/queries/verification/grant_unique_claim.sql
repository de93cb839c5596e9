INSERT INTO annals.unique_claims (context, scope, key, stream_id) VALUES ($1, $2, $3, $4)
