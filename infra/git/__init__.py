"""The git room: what was published at a commit."""
