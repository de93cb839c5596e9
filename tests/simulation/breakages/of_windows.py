"""The windows of analytics. No schedule has workers of analytics: the windows are published before they are broken."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from contracts.analytics import PublishedWindow
from contracts.catalogue import stored_events
from contracts.users.events import UserCreated
from infra.memory.analytics import MemoryAnalyticsTable, MemoryWindowTopic
from infra.memory.event_log import MemoryEventLog
from infra.memory.event_store import MemoryEventStore
from infra.memory.wire import ImmediateWire
from tests.simulation.breakages.parts import LANE
from tests.simulation.commands import PARTITIONS, TOPICS
from tests.simulation.counting import USERS
from tests.simulation.operations import CONTEXTS, sources_of
from tests.simulation.roles import Servers
from workers.analytics.lane import AnalyticsLane
from workers.core.analytics import HOURS, Addition, Analytics, Measured, Series
from workers.core.recorded import Recorded
from workers.operations.verification.sources import Sources
from workers.ports.log import OutboundRecord

CHANGELOG, WINDOWS = TOPICS.analytics_changelog, TOPICS.analytics_windows


def measure(_: Any, __: Recorded, at_ms: int) -> Measured:
    return Measured([Addition(at_ms, "created")])


SERIES = Series("users", "users", (HOURS,), frozenset({UserCreated}), measure)


async def _publish(servers: Servers, partitions: Iterable[int]) -> None:
    wire = ImmediateWire()
    log = MemoryEventLog(servers.broker, wire)
    for partition in partitions:
        lane = AnalyticsLane(
            *("users", partition, [SERIES], stored_events()),
            MemoryEventStore(servers.table, wire),
            MemoryAnalyticsTable(servers.broker, log, CHANGELOG, partition),
            MemoryWindowTopic(log, WINDOWS, partition),
        )
        await lane.acquire(0)
        await lane.catch_up()
        await lane.publish(None)
    await log.stop()


def _published(servers: Servers, partitions: Iterable[int] = range(PARTITIONS)) -> Sources:
    for topic in (CHANGELOG, WINDOWS):
        servers.broker.create_topic(topic, PARTITIONS)
    asyncio.run(_publish(servers, partitions))
    return sources_of(servers, CONTEXTS | {"users": replace(USERS, analytics=Analytics((SERIES,)))})


def publish_other_lanes_alone(servers: Servers) -> Sources:
    """The worker of the lane of the changed user stands still."""
    return _published(servers, [partition for partition in range(PARTITIONS) if partition != LANE])


def _written(change: Callable[[OutboundRecord, PublishedWindow], OutboundRecord], servers: Servers) -> Sources:
    sources = _published(servers)
    records = servers.broker.read(WINDOWS, LANE, 0, 100)
    record = next(record for record in records if not (record.key or b"").endswith(b"/position"))
    window = PublishedWindow.model_validate_json(record.value or b"")
    servers.broker.append(WINDOWS, LANE, [change(OutboundRecord(record.key, record.value, ()), window)])
    return sources


def remove_a_window(servers: Servers) -> Sources:
    return _written(lambda record, _: record._replace(value=None), servers)


def add_a_window(servers: Servers) -> Sources:
    return _written(lambda record, _: record._replace(key=b"users/users/3600/tomorrow"), servers)


def change_a_window(servers: Servers) -> Sources:
    def change(record: OutboundRecord, window: PublishedWindow) -> OutboundRecord:
        return record._replace(value=window.model_copy(update={"sums": {"created": 99}}).model_dump_json().encode())

    return _written(change, servers)
