"""Malformed and forged messages, and odd ones that another team's client may send."""
