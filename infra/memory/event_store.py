"""The event store in memory: each call is one operation on the table, as each call of the real one is a transaction."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from infra.answered_time import AnsweredTime
from infra.memory.lane_store import MemoryLaneStore
from infra.memory.table import Table
from infra.memory.wire import Wire
from workers.ports.event_store import Batch, BatchLookup, EventRow
from workers.ports.outcomes import CommandKey


class MemoryEventStore(MemoryLaneStore):
    """`EventStore` and `Outcomes` on the in-memory table."""

    def __init__(self, table: Table, wire: Wire) -> None:
        super().__init__(table, wire)
        self._time = AnsweredTime(lambda: table.now().timestamp())

    def time(self) -> datetime | None:
        return self._time()

    async def look_up(
        self,
        context: str,
        commands: Sequence[tuple[str, str]],
        stream_ids: Sequence[str],
        fingerprint: str | None = None,
    ) -> BatchLookup:
        look_up = partial(self._table.look_up, context, commands, stream_ids, fingerprint)
        lookup = await self._wire.call("Postgres", look_up)
        self._time.note(lookup.now)
        return lookup

    async def streams(self, context: str, stream_ids: Sequence[str]) -> Sequence[EventRow]:
        """All events of these streams, each stream's together and in order."""
        return await self._wire.call("Postgres", partial(self._table.streams_of, context, stream_ids))

    async def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        return await self._wire.call("Postgres", partial(self._table.streams_begun, context, partition, after, until))

    async def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        return await self._wire.call("Postgres", partial(self._table.first_events, context, stream_ids, limit))

    async def outcome(self, key: CommandKey) -> bytes | None:
        return await self._wire.call("Postgres", partial(self._table.outcome, key))

    async def outcomes(self, command_id: str, limit: int) -> Sequence[bytes]:
        return await self._wire.call("Postgres", partial(self._table.outcomes, command_id, limit))

    async def commit(self, batch: Batch) -> None:
        await self._change(partial(self._table.commit, batch))
