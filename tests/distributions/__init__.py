"""What is uploaded, and what another service has of it."""
