-- Ends every session of Annals but the one that asks, whatever it is doing.
SELECT count(pg_terminate_backend(pid))
  FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = 'annals' AND pid <> pg_backend_pid()
