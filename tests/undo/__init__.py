"""Taking back the last change of a stream, as an operation on ports."""
