"""Keys of services as they are stored: found by their id, compared by their hash. The key itself is stored nowhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class StoredApiKey(NamedTuple):
    """What a key is checked against. `hash` is the SHA-256 of the whole key. `remaining_seconds` until it expires, less
    than 0 once it has; None: it never does.
    """

    name: str
    scopes: frozenset[str]
    hash: bytes
    is_revoked: bool
    remaining_seconds: float | None


class NewApiKey(NamedTuple):
    """A key to be stored. `expires_in_seconds` is None for one that never expires."""

    id: str
    name: str
    scopes: Sequence[str]
    hash: bytes
    expires_in_seconds: float | None = None


class ListedApiKey(NamedTuple):
    """A key as operators see it: without its hash. Times are the database's; `last_used_at` is right to a minute."""

    id: str
    name: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiKeys(Protocol):
    """What the gateway needs of the keys. Every method raises Unavailable."""

    async def api_key(self, id_: str) -> StoredApiKey | None:
        """The key with this id, as it is now."""
        ...

    async def note_used(self, ids: Sequence[str]) -> None:
        """Note that keys have been used now. A note within MIN_SECONDS_BETWEEN_NOTES of the last one changes nothing,
        nor does the id of a key that there is not.
        """
        ...


class ApiKeyRegister(Protocol):
    """What operators do with keys. Every method raises Unavailable."""

    async def create(self, key: NewApiKey) -> ListedApiKey:
        """Store a key; its id must be new. Raises Unstorable for a text that the database cannot hold."""
        ...

    async def revoke(self, id_: str) -> None:
        """From now on the key proves nothing. One that is revoked already, or that there is not, is left as it is."""
        ...

    async def listed(self, limit: int) -> list[ListedApiKey]:
        """The keys in the order in which they were created, revoked and expired ones included; at most `limit`."""
        ...


MIN_SECONDS_BETWEEN_NOTES = 55.0
