"""Is the log the table, and are the read models its fold? Comparisons that need a chunk at a time; pure."""
