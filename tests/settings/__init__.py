"""What processes read of their environment."""
