"""Several queries on one state of the database: for comparisons of what must agree at every moment."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from infra.postgres.event_store import event_row
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from infra.postgres.queries import sql
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey

EVENTS_AT_A_TIME = 1000
ROWS_AT_A_TIME = 1000


class Session:
    """The queries of one transaction. It must be short: Postgres ends a transaction that is idle for some seconds."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, name: str, *arguments: Any) -> list[Any]:
        """The rows of a named query."""
        rows: list[Any] = await self._connection.fetch(sql(name), *arguments)
        return rows

    async def stream(self, name: str, *arguments: Any) -> AsyncIterator[Any]:
        """The rows of a named query, read as they are asked for."""
        async for row in self._connection.cursor(sql(name), *arguments, prefetch=ROWS_AT_A_TIME):
            yield row

    async def run(self, name: str, *arguments: Any) -> None:
        """Run a named query for its effect."""
        await self._connection.execute(sql(name), *arguments)

    async def events_of(self, context: str, stream_ids: Sequence[str]) -> AsyncIterator[EventRow]:
        """All events of these streams, each stream's together and in order; read as they are asked for."""
        if stream_ids:
            arguments = (context, listed(stream_ids))
            async for row in self._connection.cursor(sql("streams"), *arguments, prefetch=EVENTS_AT_A_TIME):
                yield event_row(row)


@asynccontextmanager
async def read_transaction(database: Database) -> AsyncIterator[Session]:
    """A session that only reads; all its queries see the same moment. Raises Unavailable."""
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield Session(connection)


@asynccontextmanager
async def lanes_held(database: Database, lanes: Sequence[LaneKey]) -> AsyncIterator[Session]:
    """A session that writes, during which these lanes commit nothing. Their owners stay their owners. Raises
    Unavailable, also when an owner does not release the row of its lane in time.
    """
    async with database.connection() as connection, connection.transaction():
        session = Session(connection)
        for role, topic in sorted({(lane.role, lane.topic) for lane in lanes}):
            partitions = sorted({str(lane.partition) for lane in lanes if (lane.role, lane.topic) == (role, topic)})
            await session.rows("lock_lanes", role, topic, listed(partitions))
        yield session
