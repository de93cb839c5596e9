"""The orders context in scenarios."""
