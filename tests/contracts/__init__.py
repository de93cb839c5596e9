"""What other services may rely on."""
