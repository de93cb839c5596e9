"""The Redis room: read models, their indexes and their checkpoints."""
