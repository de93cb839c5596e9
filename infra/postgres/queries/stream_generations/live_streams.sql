SELECT generation AS number, previous, log_renewed_at IS NULL AS log_is_due
  FROM annals.live_generations
 WHERE context = $1
