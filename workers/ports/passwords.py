"""Password hashing at the gateway, the only place that sees passwords in the clear."""

from typing import Protocol

MIN_PASSWORD_CHARACTERS = 8
MAX_PASSWORD_CHARACTERS = 256


class Passwords(Protocol):
    """Hashes passwords with argon2id."""

    async def hashed(self, password: str, salt: bytes | None = None) -> str:
        """The argon2id hash in PHC string format, computed off the event loop. With a given salt (16 bytes) the hash is
        the same each time. Raises Overloaded.
        """
        ...
