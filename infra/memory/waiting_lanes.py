"""What the tables have for lanes that wait for records, in memory."""

from collections.abc import Collection, Mapping, Sequence

from contracts.envelope import rfc3339
from infra.memory.table import Table
from infra.memory.wire import Wire
from workers.ports.lanes import LaneKey
from workers.ports.waiting_lanes import LanePlace


class MemoryWaitingLanes:
    """`WaitingLanes` on the in-memory table."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def ahead(self, sequences: Mapping[LanePlace, int]) -> Collection[LanePlace]:
        def places() -> Collection[LanePlace]:
            return {place for place, sequence in sequences.items() if self._table.events_after(*place, sequence, 1)}

        return await self._wire.call("Postgres", places)

    async def due(self, lanes: Sequence[LaneKey], sagas: Sequence[str]) -> Collection[LaneKey]:
        def with_rows() -> Collection[LaneKey]:
            now = rfc3339(self._table.now())
            return {lane for lane in lanes if any(self._table.due(lane, sagas, now, 1)[1:])}

        return await self._wire.call("Postgres", with_rows)
