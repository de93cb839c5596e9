"""A run of the tests that is ended from outside leaves nothing behind."""
