DELETE FROM annals.credentials WHERE context = $1 AND stream_id = $2
