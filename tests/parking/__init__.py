"""Streams that wait because the code raises at their next event, on real servers."""
