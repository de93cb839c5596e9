-- $1 list of ids (see annals.listed). Several processes may use a key: it is written at most once in $2 seconds.
UPDATE annals.api_keys
   SET last_used_at = clock_timestamp()
 WHERE id = ANY (annals.listed($1))
   AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - make_interval(secs => $2))
