"""The inventory context in scenarios."""
