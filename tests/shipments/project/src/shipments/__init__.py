"""The context shipments."""
