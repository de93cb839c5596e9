"""The SQLite room: scratch space on disk."""
