"""Tokens of an issuer: which are believed, and what an issuer can do that is slow, wrong, away or under attack."""
