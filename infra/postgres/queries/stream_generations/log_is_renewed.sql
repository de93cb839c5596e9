UPDATE annals.live_generations SET log_renewed_at = clock_timestamp() WHERE context = $1
