"""The payments context in scenarios."""
