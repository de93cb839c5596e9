"""The table of a partition survives a crash: whoever reads its changelog anew has the entries that were written.

The store in which the real one keeps its entries is given what was read of a changelog, without the rest of Faust.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest_asyncio
from faust.types import TP

from contracts.topics import Topics
from infra.faust.app import AnalyticsApp
from infra.faust.table import PartitionedStore, PartitionTable, PartitionWindows, changelog_table
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import Topic, create_topics
from infra.memory.analytics import MemoryAnalyticsTable, MemoryDatabaseTime, MemoryWindowTopic
from infra.memory.broker import Broker
from infra.memory.clock import MemoryClock
from infra.memory.event_log import MemoryEventLog
from infra.memory.event_store import MemoryEventStore
from infra.memory.verification.topics import MemoryTopicReader
from infra.memory.wire import ImmediateWire
from infra.settings import Settings
from tests.ports.tables import Tables
from workers.ports.analytics import AnalyticsTable, DatabaseTime, WindowTopic
from workers.ports.log import InboundRecord, OutboundRecord
from workers.ports.verification.topics import TopicReader

PARTITIONS = 2
OLDER, NEWER, REBUILT = b'[1,7,"older"]', b'[1,8,"newer"]', b'[2,1,"rebuilt"]'


@dataclass(frozen=True)
class Kept:
    """`opened(partition)` is the table as a process has it that starts now."""

    opened: Callable[[int], Awaitable[AnalyticsTable]]
    windows: WindowTopic
    windows_topic: str
    reader: TopicReader


@asynccontextmanager
async def kept_in_memory() -> AsyncIterator[Kept]:
    topics, wire = Topics(), ImmediateWire()
    broker = Broker(MemoryClock())
    for topic in (topics.analytics_changelog, topics.analytics_windows):
        broker.create_topic(topic, PARTITIONS)
    log = MemoryEventLog(broker, wire)

    async def opened(partition: int) -> AnalyticsTable:
        return MemoryAnalyticsTable(broker, log, topics.analytics_changelog, partition)

    windows = MemoryWindowTopic(log, topics.analytics_windows, 0)
    yield Kept(opened, windows, topics.analytics_windows, MemoryTopicReader(broker, wire))
    await log.stop()


@asynccontextmanager
async def kept_by_faust(settings: Settings) -> AsyncIterator[Kept]:
    topics, settings = Topics(settings.topic_prefix), settings.model_copy(update={"partitions": PARTITIONS})
    names = (topics.analytics_changelog, topics.analytics_windows)
    await create_topics(settings, [Topic(name, PARTITIONS, {}) for name in names])
    log, reader = KafkaEventLog(settings, signed_by=None), LogReader(settings)

    async def opened(partition: int) -> AnalyticsTable:
        store = store_of(settings)
        async for records in reader.records(topics.analytics_changelog, partition, 0):
            read(store, records)
        table = PartitionTable(store, partition, topics.analytics_changelog, log)
        await table.write_outdated_again()
        return table

    windows = PartitionWindows(0, topics.analytics_windows, log)
    try:
        yield Kept(opened, windows, topics.analytics_windows, reader)
    finally:
        await reader.stop()
        await log.stop()


def store_of(settings: Settings) -> PartitionedStore:
    return changelog_table(AnalyticsApp(settings), Topics(settings.topic_prefix))


def read(store: PartitionedStore, records: Sequence[Any]) -> None:
    """Give the store what was read of the changelog, as Faust does."""
    events: Any = [SimpleNamespace(message=record) for record in records]
    store.apply_changelog_batch(events, bytes, bytes)


def changelog_record(key: str, value: bytes | None, partition: int = 0) -> InboundRecord:
    return InboundRecord("analytics.changelog", partition, 0, key.encode(), value, (), 0)


@pytest_asyncio.fixture
async def kept(own: Settings | None) -> AsyncIterator[Kept]:
    async with kept_in_memory() if own is None else kept_by_faust(own) as opened:
        yield opened


async def test_entries_are_there_at_once_and_after_a_crash(kept: Kept) -> None:
    table = await kept.opened(0)
    assert table.entries("") == {}
    await table.write([("orders/a", OLDER), ("payments/b", NEWER), ("orders/c", OLDER)])
    await table.write([("orders/a", NEWER), ("orders/c", None)])
    for seen in (table, await kept.opened(0)):
        assert seen.entries("orders/") == {"orders/a": NEWER}
        assert seen.entries("") == {"orders/a": NEWER, "payments/b": NEWER}
    assert (await kept.opened(1)).entries("") == {}


async def test_entries_that_are_handed_out_do_not_change(kept: Kept) -> None:
    table = await kept.opened(0)
    await table.write([("orders/a", OLDER)])
    before = table.entries("orders/")
    await table.write([("orders/a", None)])
    assert before == {"orders/a": OLDER}


async def test_what_was_removed_may_be_written_again(kept: Kept) -> None:
    table = await kept.opened(0)
    await table.write([("orders/a", NEWER), ("orders/a", None), ("orders/a", OLDER)])
    assert (await kept.opened(0)).entries("") == {"orders/a": OLDER}


async def test_an_older_value_behind_a_newer_one_does_not_count(kept: Kept) -> None:
    """A paused worker that wakes up writes it, after another worker has taken the partition over."""
    paused, owner = await kept.opened(0), await kept.opened(0)
    await owner.write([("orders/a", NEWER), ("orders/b", REBUILT)])
    await paused.write([("orders/a", OLDER), ("orders/b", NEWER)])
    for _ in range(2):
        assert (await kept.opened(0)).entries("") == {"orders/a": NEWER, "orders/b": REBUILT}


async def test_windows_are_published_in_their_order(kept: Kept) -> None:
    await kept.windows.publish([OutboundRecord(b"a", b"1", ()), OutboundRecord(b"b", None, ())])
    await kept.windows.publish([OutboundRecord(b"a", b"2", ())])
    records = [record async for batch in kept.reader.records(kept.windows_topic, 0, 0) for record in batch]
    assert [(record.key, record.value) for record in records] == [(b"a", b"1"), (b"b", None), (b"a", b"2")]


async def test_the_databases_time_has_a_zone_and_goes_on(tables: Tables) -> None:
    store = tables.store
    time: DatabaseTime
    time = MemoryDatabaseTime(store._table, ImmediateWire()) if isinstance(store, MemoryEventStore) else store._database
    first, second = await time.now(), await time.now()
    assert first.tzinfo is not None
    assert first <= second


class TestTheStoreOfFaust:
    """What only the store does that has all partitions of a process."""

    def test_notes_which_values_are_outdated_until_they_are_written_again(self) -> None:
        store = store_of(Settings(kafka_bootstrap_servers="nowhere:1"))
        read(store, [changelog_record("a", NEWER), changelog_record("a", OLDER), changelog_record("b", OLDER)])
        assert (store.partitions, store.outdated) == ({0: {"a": NEWER, "b": OLDER}}, {0: {"a"}})
        read(store, [changelog_record("a", NEWER)])
        assert store.outdated == {0: set()}
        read(store, [changelog_record("b", NEWER), changelog_record("b", OLDER), changelog_record("b", None)])
        assert (store.partitions, store.outdated) == ({0: {"a": NEWER}}, {0: set()})

    async def test_keeps_nothing_of_a_partition_that_went_away(self) -> None:
        store = store_of(Settings(kafka_bootstrap_servers="nowhere:1"))
        records = [changelog_record("a", value, partition) for value in (NEWER, OLDER) for partition in (0, 1, 2)]
        read(store, records)
        topic = store.table.changelog_topic.get_topic_name()
        places = [TP(topic, partition) for partition in range(4)]
        others = {TP("orders.events", 2)}
        await store.on_rebalance({places[1], places[3]}, {places[0], *others}, {places[3]})
        assert (set(store.partitions), set(store.outdated)) == ({1, 2}, {1, 2})
        await store.on_rebalance({places[1], places[2]}, {places[2]}, {places[2]})
        assert (set(store.partitions), set(store.outdated)) == ({1}, {1})

    def test_has_the_same_key_in_several_partitions(self) -> None:
        store = store_of(Settings(kafka_bootstrap_servers="nowhere:1"))
        read(store, [changelog_record("a", NEWER, 0), changelog_record("a", OLDER, 1), changelog_record("a", None, 0)])
        assert store.partitions == {0: {}, 1: {"a": OLDER}}
