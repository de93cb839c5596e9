"""`annals verify`: reads the table, the log and the read models side by side, and says exactly where they differ."""
