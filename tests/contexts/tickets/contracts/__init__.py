"""The published language of the tickets context."""
