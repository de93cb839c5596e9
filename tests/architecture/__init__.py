"""The rules of the code's structure."""
