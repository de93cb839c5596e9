"""How the code is allowed to hang together."""
