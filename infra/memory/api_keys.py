"""Keys of services in memory: the server's rows, and the adapters that reach them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from infra.memory.values import ConstraintBroken, check_texts
from infra.memory.wire import Wire
from workers.ports.api_keys import MIN_SECONDS_BETWEEN_NOTES, ListedApiKey, NewApiKey, StoredApiKey


class ApiKeyRows:
    """The server. `now` is its time of day."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._rows: dict[str, ListedApiKey] = {}
        self._hashes: dict[str, bytes] = {}

    def api_key(self, id_: str) -> StoredApiKey | None:
        row = self._rows.get(id_)
        if row is None:
            return None
        remaining = None if row.expires_at is None else (row.expires_at - self._now()).total_seconds()
        is_revoked = row.revoked_at is not None
        return StoredApiKey(row.name, frozenset(row.scopes), self._hashes[id_], is_revoked, remaining)

    def note_used(self, ids: Sequence[str]) -> None:
        now = self._now()
        recent = now - timedelta(seconds=MIN_SECONDS_BETWEEN_NOTES)
        for id_ in ids:
            row = self._rows.get(id_)
            if row is not None and (row.last_used_at is None or row.last_used_at < recent):
                self._rows[id_] = row._replace(last_used_at=now)

    def create(self, key: NewApiKey) -> ListedApiKey:
        check_texts([[key.id, key.name, *key.scopes]])
        if key.id in self._rows:
            raise ConstraintBroken("api_keys_pkey", key.id)
        now = self._now()
        expires = None if key.expires_in_seconds is None else now + timedelta(seconds=key.expires_in_seconds)
        self._hashes[key.id] = key.hash
        row = self._rows[key.id] = ListedApiKey(key.id, key.name, tuple(key.scopes), now, expires, None, None)
        return row

    def revoke(self, id_: str) -> None:
        row = self._rows.get(id_)
        if row is not None and row.revoked_at is None:
            self._rows[id_] = row._replace(revoked_at=self._now())

    def listed(self, limit: int) -> list[ListedApiKey]:
        return sorted(self._rows.values(), key=lambda row: (row.created_at, row.id))[:limit]


class MemoryApiKeys:
    """`ApiKeys` on the rows."""

    def __init__(self, rows: ApiKeyRows, wire: Wire) -> None:
        self._rows = rows
        self._wire = wire

    async def api_key(self, id_: str) -> StoredApiKey | None:
        return await self._wire.call("Postgres", partial(self._rows.api_key, id_))

    async def note_used(self, ids: Sequence[str]) -> None:
        await self._wire.call("Postgres", partial(self._rows.note_used, ids))


class MemoryApiKeyRegister:
    """`ApiKeyRegister` on the rows."""

    def __init__(self, rows: ApiKeyRows, wire: Wire) -> None:
        self._rows = rows
        self._wire = wire

    async def create(self, key: NewApiKey) -> ListedApiKey:
        return await self._wire.call("Postgres", partial(self._rows.create, key))

    async def revoke(self, id_: str) -> None:
        await self._wire.call("Postgres", partial(self._rows.revoke, id_))

    async def listed(self, limit: int) -> list[ListedApiKey]:
        return await self._wire.call("Postgres", partial(self._rows.listed, limit))
