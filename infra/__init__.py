"""The outside: one room for each technology, the settings, and the command line that puts the parts together."""
