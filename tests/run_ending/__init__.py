"""A run of the tests that is ended by a signal leaves no process and no folder behind."""
