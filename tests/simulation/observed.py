"""The command worker's adapters, watched: did it ask whether the lane is still its own before it published late?

Readers drop what comes late, so nothing that is left behind on the servers shows whether the question was put.
"""

from collections.abc import Sequence

from infra.memory.broker import Broker
from infra.memory.event_log import MemoryEventLog
from infra.memory.event_store import MemoryEventStore
from infra.memory.table import Table
from infra.memory.wire import Wire
from workers.command.publisher import AWAY_SECONDS
from workers.ports.clock import Clock
from workers.ports.event_store import Batch, EventRow
from workers.ports.lanes import LaneKey
from workers.ports.log import OutboundRecord


class Watched:
    """What one process has committed when, by its own clock, and whether it has asked since it last published."""

    def __init__(self, clock: Clock, member: str, unasked: list[str]) -> None:
        self._clock = clock
        self._member = member
        self._unasked = unasked
        self._committed: dict[tuple[int, int], float] = {}
        self._asked: set[int] = set()

    def committed(self, batch: Batch) -> None:
        """The answer to a commit is being read."""
        self._committed[batch.lane.partition, batch.sequence] = self._clock()

    def asked(self, partition: int) -> None:
        """The database was asked about the lane, or for what the log lacks."""
        self._asked.add(partition)

    def publishing(self, partition: int, records: Sequence[OutboundRecord]) -> None:
        """Records are about to be sent."""
        last = int(dict(records[-1].headers)["ce_sequence"])
        committed_at = self._committed.get((partition, last))
        if partition not in self._asked and committed_at is not None:
            away = self._clock() - committed_at
            if away > AWAY_SECONDS:
                self._unasked.append(f"{self._member} published {partition}/{last} {away:.1f} s after its commit")
        self._asked.discard(partition)


class WatchedEventStore(MemoryEventStore):
    """`EventStore` on the table's twin, watched."""

    def __init__(self, table: Table, wire: Wire, watched: Watched) -> None:
        super().__init__(table, wire)
        self._watched = watched

    async def commit(self, batch: Batch) -> None:
        await super().commit(batch)
        self._watched.committed(batch)

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        self._watched.asked(lane.partition)
        return await super().holds(lane, epoch)

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        self._watched.asked(partition)
        return await super().events_after(context, partition, sequence, limit)


class WatchedEventLog(MemoryEventLog):
    """`EventLog` on the broker's twin, watched."""

    def __init__(self, broker: Broker, wire: Wire, watched: Watched) -> None:
        super().__init__(broker, wire)
        self._watched = watched

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        self._watched.publishing(partition, records)
        return await super().append(topic, partition, records)
