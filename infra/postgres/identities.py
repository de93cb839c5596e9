"""The keys by which it is proven who has sent a command, as the database has them."""

import asyncio
import time

from contracts.identity import Identities, IdentityKey
from contracts.principal import SERVICE_PREFIX, Principal
from infra.postgres.pool import Database
from workers.ports.lanes import Unavailable

# A key that was revoked is believed no longer than this.
MAX_AGE_SECONDS = 5.0
MAX_SERVICE_KEYS = 10_000


class PostgresIdentities:
    """`IdentitySource` on the database. `knows_services`: also by the keys of services, which recognize and do not
    sign.
    """

    def __init__(self, database: Database, *, knows_services: bool) -> None:
        self._database = database
        self._knows_services = knows_services
        self._identities: Identities | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def current(self) -> Identities:
        """The identities by the keys of some seconds ago; those of before while the database is away. Raises
        Unavailable if none were read yet.
        """
        identities = self._identities
        if identities is not None and time.monotonic() - self._read_at < MAX_AGE_SECONDS:
            return identities
        try:
            return await self.renewed(identities)
        except Unavailable:
            if identities is None:
                raise
            self._read_at = time.monotonic()  # those of before are good; the database has its own worries
            return identities

    async def renewed(self, than: Identities | None) -> Identities:
        """Those that were read after these ones. It is one small question more for each batch in which somebody names a
        key that there is not: as anybody may, nothing waits for a while because of it. Raises Unavailable.
        """
        async with self._reading:
            if self._identities is not None and self._identities is not than:
                return self._identities
            self._identities, self._read_at = Identities(await self._keys()), time.monotonic()
            return self._identities

    async def _keys(self) -> list[IdentityKey]:
        rows = await self._database.rows("command_signing_keys")
        keys = [IdentityKey(row["key_id"], row["secret"]) for row in rows]
        if self._knows_services:
            for row in await self._database.rows("service_keys", MAX_SERVICE_KEYS):
                service = Principal(f"{SERVICE_PREFIX}{row['name']}", frozenset(row["scopes"]))
                keys.append(IdentityKey(row["id"], row["hash"], service))
        return keys
