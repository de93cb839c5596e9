-- For drills: every session of ours but the one that asks is ended, in the midst of whatever it does.
SELECT count(pg_terminate_backend(pid))
  FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = 'annals' AND pid <> pg_backend_pid()
