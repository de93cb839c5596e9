"""What a dead letter says, what sending it again would do, and what of it may be shown. Pure: asks no server."""
