"""The users context in scenarios."""
