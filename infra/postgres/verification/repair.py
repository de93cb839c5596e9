"""What a repair changes, in the role `annals_audit`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from infra.postgres.pool import Database
from infra.postgres.session import lanes_held
from infra.postgres.verification.transactions import PostgresLanesHeld
from workers.ports.lanes import LaneKey


class PostgresRepairedTable:
    """`RepairedTable` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def lanes_held(self, lanes: Sequence[LaneKey]) -> AsyncIterator[PostgresLanesHeld]:
        async with lanes_held(self._database, lanes) as session:
            yield PostgresLanesHeld(session)

    async def remove_snapshot(self, context: str, stream_id: str) -> None:
        await self._database.run("remove_snapshot", context, stream_id)
