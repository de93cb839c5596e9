"""What the analytics of a lane are kept in, and what is published of them, in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from infra.memory.broker import Broker
from infra.memory.event_log import MemoryEventLog
from infra.memory.table import Table
from infra.memory.wire import Wire
from workers.analytics.entries import is_newer
from workers.ports.log import OutboundRecord


class MemoryAnalyticsTable:
    """`AnalyticsTable` on a partition of a changelog: what its records leave when this is made, and what it writes."""

    def __init__(self, broker: Broker, log: MemoryEventLog, changelog: str, partition: int) -> None:
        self._log, self._place = log, (changelog, partition)
        self._entries: dict[str, bytes] = {}
        for record in broker.read_until(changelog, partition, 0, broker.end(changelog, partition)):
            key = (record.key or b"").decode()
            before = self._entries.get(key)
            if record.value is None:
                self._entries.pop(key, None)
            elif before is None or not is_newer(before, record.value):
                self._entries[key] = record.value

    def entries(self, prefix: str) -> Mapping[str, bytes]:
        return {key: value for key, value in self._entries.items() if key.startswith(prefix)}

    async def write(self, entries: Sequence[tuple[str, bytes | None]]) -> None:
        await self._log.append(*self._place, [OutboundRecord(key.encode(), value, ()) for key, value in entries])
        for key, value in entries:
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = value


class MemoryWindowTopic:
    """`WindowTopic` on a partition of a topic."""

    def __init__(self, log: MemoryEventLog, topic: str, partition: int) -> None:
        self._log, self._place = log, (topic, partition)

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        await self._log.append(*self._place, records)


class MemoryDatabaseTime:
    """`DatabaseTime` of the in-memory table."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self._table, self._wire = table, wire

    async def now(self) -> datetime:
        return await self._wire.call("Postgres", self._table.now)
