"""Passwords, where they are typed: the one place that sees them in the clear."""

from typing import Protocol

MIN_PASSWORD_CHARACTERS = 8
MAX_PASSWORD_CHARACTERS = 256


class Passwords(Protocol):
    async def hashed(self, password: str, salt: bytes | None = None) -> str:
        """The argon2id hash in PHC string form, made off the event loop; with a salt of 16 bytes the same each time.
        Raises Overloaded.
        """
        ...
