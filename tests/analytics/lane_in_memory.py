"""A lane of analytics on twins: its events, its changelog and its topic. A process that works on it may crash after any
record that it writes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.catalogue import stored_events
from contracts.message import Event
from infra.memory.analytics import MemoryAnalyticsTable, MemoryWindowTopic
from infra.memory.broker import Broker
from infra.memory.clock import MemoryClock
from tests.lanes.recorded_rows import RowsInMemory, event_rows, inbound
from workers.analytics.lane import AnalyticsLane
from workers.analytics.published import PublishedWindows, key_of
from workers.core.analytics import Series, Totals, WindowKey
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.lanes.recorded_rows import recorded_row
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord, OutboundRecord, PublishFailed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHANGELOG, WINDOWS = "analytics.changelog", "analytics.windows"
ORDERS = contexts()["orders"].analytics.series
MODELS = stored_events()


def rows_at(*timed: tuple[datetime, Event]) -> list[EventRow]:
    """The rows of one lane whose events were recorded at these times."""
    rows = event_rows(*(event for _, event in timed))
    return [row._replace(recorded_at=at) for row, (at, _) in zip(rows, timed, strict=True)]


def recorded(rows: Sequence[EventRow]) -> list[Recorded]:
    """The events as a lane reads them."""
    return [recorded_row(row, MODELS) for row in rows]


def ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


class CrashingLog:
    """Appends to the broker, until the process crashes: after so many records, in the middle of a request."""

    def __init__(self, broker: Broker, records_left: int) -> None:
        self._broker, self.records_left = broker, records_left

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        for record in records:
            if not self.records_left:
                raise PublishFailed("crashed for the test")
            self.records_left -= 1
            self._broker.append(topic, partition, [record])
        return self._broker.end(topic, partition) - 1


def new_broker() -> Broker:
    broker = Broker(MemoryClock())
    for topic in (CHANGELOG, WINDOWS):
        broker.create_topic(topic, 1)
    return broker


@dataclass
class LaneInMemory:
    """The one lane of a context with these events. `process` is a process that holds it from now on."""

    rows: Sequence[EventRow]
    series: Sequence[Series] = ORDERS
    broker: Broker = field(default_factory=new_broker)

    def process(self, records_until_crash: int = 1_000_000) -> AnalyticsLane:
        log: Any = CrashingLog(self.broker, records_until_crash)
        table = MemoryAnalyticsTable(self.broker, log, CHANGELOG, 0)
        windows = MemoryWindowTopic(log, WINDOWS, 0)
        context = self.series[0].context
        return AnalyticsLane(context, 0, self.series, MODELS, RowsInMemory(self.rows), table, windows)

    def records(self) -> list[InboundRecord]:
        """The log without repeats or gaps."""
        return [inbound(row, offset) for offset, row in enumerate(self.rows)]

    def published(self) -> PublishedWindows:
        """What a reader of the topic has."""
        published = PublishedWindows()
        for record in self.broker.read(WINDOWS, 0, 0, self.broker.end(WINDOWS, 0)):
            published.apply(0, record.key, record.value)
        return published

    def shown(self) -> dict[WindowKey, Totals]:
        """The windows that are in the topic, by their key."""
        return {key_of(window): window.sums for window in self.published().windows.values()}

    def work(self, batch: int, publish_each: int, records_until_crash: int = 1_000_000) -> AnalyticsLane:
        """A process reads the log from its beginning in batches of so many records. It publishes after so many batches,
        and at the end.
        """
        lane = self.process(records_until_crash)
        asyncio.run(self._work(lane, batch, publish_each))
        return lane

    async def _work(self, lane: AnalyticsLane, batch: int, publish_each: int) -> None:
        records = self.records()
        try:
            await lane.acquire(0)
            for number, begin in enumerate(range(0, len(records), batch), start=1):
                await lane.handle(records[begin : begin + batch])
                if number % publish_each == 0:
                    await lane.publish(None)
            await lane.publish(None)
        except PublishFailed:
            pass
