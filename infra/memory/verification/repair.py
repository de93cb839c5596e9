"""What a repair changes in the tables, in memory."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from infra.memory.lane_rows import LaneLocked
from infra.memory.table import Table
from infra.memory.values import ConstraintBroken
from infra.memory.verification import table_queries
from infra.memory.wire import Wire
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey

T = TypeVar("T")


class MemoryLanesHeld:
    """`LanesHeld` on the in-memory table. `changes` are made when the transaction ends; it sees them already."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self.changes: list[Callable[[Table], None]] = []
        self._table = table
        self._wire = wire

    async def events_of(self, context: str, stream_ids: Sequence[str]) -> AsyncIterator[EventRow]:
        read = partial(self._table.streams_of, context, list(dict.fromkeys(stream_ids)))
        for row in await self._wire.call("Postgres", read):
            yield row

    async def claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        return await self._ask(lambda table: table_queries.claim_holders(table, context, claims))

    async def release_claim(self, context: str, scope: str, key: str, stream_id: str) -> None:
        def release(table: Table) -> None:
            if table.unique_claims.get((context, scope, key)) == stream_id:
                del table.unique_claims[context, scope, key]

        await self._change(release)

    async def grant_claim(self, context: str, scope: str, key: str, stream_id: str) -> None:
        def grant(table: Table) -> None:
            if (context, scope, key) in table.unique_claims:
                raise ConstraintBroken("unique_claims_pkey", (context, scope, key))
            table.unique_claims[context, scope, key] = stream_id

        await self._change(grant)

    async def remove_credential(self, context: str, stream_id: str) -> None:
        def remove(table: Table) -> None:
            table.credentials.pop((context, stream_id), None)

        await self._change(remove)

    async def _ask(self, query: Callable[[Table], T]) -> T:
        def answer() -> T:
            changed = self._table.copied()
            for change in self.changes:
                change(changed)
            return query(changed)

        return await self._wire.call("Postgres", answer)

    async def _change(self, change: Callable[[Table], None]) -> None:
        """Note a change, if it can be made."""
        await self._ask(change)
        self.changes.append(change)


class MemoryRepairedTable:
    """`RepairedTable` on the in-memory table."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    @asynccontextmanager
    async def lanes_held(self, lanes: Sequence[LaneKey]) -> AsyncIterator[MemoryLanesHeld]:
        """The changes are made, all at once, when the context ends; until then no lane can commit."""
        locked = await self._lock(lanes)
        try:
            transaction = MemoryLanesHeld(self._table, self._wire)
            yield transaction
            await self._wire.call("Postgres", lambda: [change(self._table) for change in transaction.changes])
        finally:
            self._table.unlock(locked)

    async def _lock(self, lanes: Sequence[LaneKey]) -> list[LaneKey]:
        while True:
            try:
                return await self._wire.call("Postgres", partial(self._table.lock, lanes))
            except LaneLocked as locked:
                await locked.released.wait()

    async def remove_snapshot(self, context: str, stream_id: str) -> None:
        await self._wire.call("Postgres", lambda: self._table.snapshots.pop((context, stream_id), None))
