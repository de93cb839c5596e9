"""Reads through one gateway process, beside a bare ASGI handler that reads documents of the same bytes from Redis."""
