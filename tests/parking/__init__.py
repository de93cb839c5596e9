"""Streams that wait because code cannot take their next event, on real servers."""
