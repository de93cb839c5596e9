"""The vocabulary that all domains share."""
