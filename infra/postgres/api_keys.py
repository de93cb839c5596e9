"""Keys of services in annals.api_keys: the gateway reads them in the role `annals_api_keys`, operators change them in
the role `annals_audit`.
"""

from collections.abc import Sequence
from typing import Any

from infra.postgres.lists import listed
from infra.postgres.pool import Database
from workers.ports.api_keys import MIN_SECONDS_BETWEEN_NOTES, ListedApiKey, NewApiKey, StoredApiKey


class PostgresApiKeys:
    """`ApiKeys` on the database, in the role `annals_api_keys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def api_key(self, id_: str) -> StoredApiKey | None:
        row = await self._database.row("api_key", id_)
        if row is None:
            return None
        return StoredApiKey(
            row["name"], frozenset(row["scopes"]), row["hash"], row["is_revoked"], row["remaining_seconds"]
        )

    async def note_used(self, ids: Sequence[str]) -> None:
        await self._database.run("note_api_keys_used", listed(ids), MIN_SECONDS_BETWEEN_NOTES)


class PostgresApiKeyRegister:
    """`ApiKeyRegister` on the database, in the role `annals_audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, key: NewApiKey) -> ListedApiKey:
        row = await self._database.row(
            "create_api_key", key.id, key.name, list(key.scopes), key.hash, key.expires_in_seconds
        )
        return _listed(row)

    async def revoke(self, id_: str) -> None:
        await self._database.run("revoke_api_key", id_)

    async def listed(self, limit: int) -> list[ListedApiKey]:
        return [_listed(row) for row in await self._database.rows("api_keys_listed", limit)]


def _listed(row: Any) -> ListedApiKey:
    return ListedApiKey(**{**row, "scopes": tuple(row["scopes"])})
