SELECT count(*) FROM annals.open_log_interruptions WHERE role = $1 AND topic = $2 AND partition = $3
