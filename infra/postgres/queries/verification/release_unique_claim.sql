DELETE FROM annals.unique_claims WHERE context = $1 AND scope = $2 AND key = $3 AND stream_id = $4
