"""Processes that a parent of ours starts: how they are started, supervised and stopped, and how an orphan is found."""
