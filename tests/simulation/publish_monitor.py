"""The command worker's adapters, monitored: did it ask whether it still owns the lane before it published late?

Readers drop what comes late, so nothing on the servers shows whether it asked.
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


class PublishMonitor:
    """When one process has committed what, by its own clock, and whether it has asked since it last published."""

    def __init__(self, clock: Clock, member: str, unchecked_publishes: list[str]) -> None:
        self._clock = clock
        self._member = member
        self._unchecked_publishes = unchecked_publishes
        self._committed: dict[tuple[int, int], float] = {}
        self._asked: set[int] = set()

    def committed(self, batch: Batch) -> None:
        """The answer to a commit has come."""
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
                self._unchecked_publishes.append(
                    f"{self._member} published {partition}/{last} {away:.1f} s after its commit"
                )
        self._asked.discard(partition)


class MonitoredEventStore(MemoryEventStore):
    """`EventStore` on the in-memory table, monitored."""

    def __init__(self, table: Table, wire: Wire, monitor: PublishMonitor) -> None:
        super().__init__(table, wire)
        self._monitor = monitor

    async def commit(self, batch: Batch) -> None:
        await super().commit(batch)
        self._monitor.committed(batch)

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        self._monitor.asked(lane.partition)
        return await super().holds(lane, epoch)

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        self._monitor.asked(partition)
        return await super().events_after(context, partition, sequence, limit)


class MonitoredEventLog(MemoryEventLog):
    """`EventLog` on the in-memory broker, monitored."""

    def __init__(self, broker: Broker, wire: Wire, monitor: PublishMonitor) -> None:
        super().__init__(broker, wire)
        self._monitor = monitor

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        self._monitor.publishing(partition, records)
        return await super().append(topic, partition, records)
