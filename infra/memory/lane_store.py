"""Ownership of lanes in memory, and the events as followers of the log read them."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

from infra.memory.lane_rows import LaneLocked
from infra.memory.table import Table
from infra.memory.wire import Wire
from workers.ports.event_store import EventRow
from workers.ports.lanes import Interruption, LaneGrant, LaneKey, Mark

T = TypeVar("T")


class MemoryLaneStore:
    """`LaneStore` and `EventTable` on the in-memory table."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def acquire(self, lane: LaneKey, owner: str) -> LaneGrant:
        return await self._change(partial(self._table.acquire, lane, owner))

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        return await self._wire.call("Postgres", partial(self._table.holds, lane, epoch))

    async def rebase(
        self, lane: LaneKey, epoch: int, consumed: int, topic_id: str, interruption: Interruption | None = None
    ) -> None:
        await self._change(partial(self._table.rebase, lane, epoch, consumed, topic_id, interruption))

    async def publish_to(self, lane: LaneKey, epoch: int, topic_id: str) -> None:
        await self._change(partial(self._table.publish_to, lane, epoch, topic_id))

    async def note_event_types(self, lane: LaneKey, epoch: int, types: Collection[str]) -> None:
        await self._change(partial(self._table.note_event_types, lane, epoch, types))

    async def interruptions(self, lane: LaneKey) -> int:
        return await self._wire.call("Postgres", partial(self._table.interruptions, lane))

    async def release(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        await self._change(partial(self._table.release, lane, epoch, mark))

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        read = partial(self._table.events_after, context, partition, sequence, limit)
        return await self._wire.call("Postgres", read)

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        read = partial(self._table.stream_after, context, stream_id, version, limit)
        return await self._wire.call("Postgres", read)

    async def _change(self, operation: Callable[[], T]) -> T:
        """Change the row of a lane, as soon as it is not locked."""
        while True:
            try:
                return await self._wire.call("Postgres", operation)
            except LaneLocked as locked:
                await locked.released.wait()
