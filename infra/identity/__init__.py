"""Tokens of an OpenID provider: its keys, fetched over HTTP, and the verification of what they have signed."""
