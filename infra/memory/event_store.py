"""The event store in memory: each call is one operation on the table, as each call of the real one is a transaction."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from infra.memory.lane_store import MemoryLaneStore
from workers.ports.event_store import Batch, BatchLookup, EventRow


class MemoryEventStore(MemoryLaneStore):
    """`EventStore` and `Outcomes` on the in-memory table."""

    def time(self) -> datetime | None:
        return self._table.now()

    async def look_up(
        self, context: str, command_ids: Sequence[str], stream_ids: Sequence[str], fingerprint: str | None = None
    ) -> BatchLookup:
        look_up = partial(self._table.look_up, context, command_ids, stream_ids, fingerprint)
        return await self._wire.call("Postgres", look_up)

    async def streams(self, context: str, stream_ids: Sequence[str]) -> Sequence[EventRow]:
        """All events of these streams, each stream's together and in order."""
        return await self._wire.call("Postgres", partial(self._table.streams_of, context, stream_ids))

    async def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        return await self._wire.call("Postgres", partial(self._table.streams_begun, context, partition, after, until))

    async def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        return await self._wire.call("Postgres", partial(self._table.first_events, context, stream_ids, limit))

    async def outcome(self, command_id: str) -> bytes | None:
        return await self._wire.call("Postgres", partial(self._table.outcome, command_id))

    async def commit(self, batch: Batch) -> None:
        await self._change(partial(self._table.commit, batch))
