"""The one table of the app: its entries by partition, in memory, kept by a changelog in Kafka."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import faust
from faust.stores import memory
from faust.types import TP, EventT

from contracts.topics import Topics
from infra.faust.app import AnalyticsApp
from infra.kafka.event_log import KafkaEventLog
from workers.analytics.entries import is_newer
from workers.ports.log import OutboundRecord


class PartitionedStore(memory.Store[str, bytes]):
    """The entries of each partition, in memory. Faust's own store of this kind has all partitions in one dictionary,
    and keeps what another process has removed from a partition meanwhile.

    A paused worker that wakes up may append an older value of a key behind a newer one. So of two values that of the
    later event counts (entries.py), and `outdated` are the keys, by partition, that are to be written again.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.partitions: dict[int, dict[str, bytes]] = {}
        self.outdated: dict[int, set[str]] = {}

    def apply_changelog_batch(
        self, batch: Iterable[EventT[Any]], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Apply what was read of the changelog."""
        for event in batch:
            message = event.message
            entries = self.partitions.setdefault(message.partition, {})
            outdated = self.outdated.setdefault(message.partition, set())
            key = (message.key or b"").decode()
            before = entries.get(key)
            if message.value is None:
                entries.pop(key, None)
                outdated.discard(key)
            elif before is not None and is_newer(before, message.value):
                outdated.add(key)
            else:
                entries[key] = message.value
                outdated.discard(key)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """What another process may change from now on is read anew when the partition comes back."""
        topic = self.table.changelog_topic.get_topic_name()
        for place in (revoked - assigned) | newly_assigned:
            if place.topic == topic:
                self.partitions.pop(place.partition, None)
                self.outdated.pop(place.partition, None)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """All of the active partitions are here now."""


class _Table(faust.Table):  # type: ignore[type-arg]  # of bytes
    def _new_store(self) -> PartitionedStore:
        return PartitionedStore("memory://", self.app, self, table_name=self.name, loop=self.loop)


def changelog_table(app: AnalyticsApp, topics: Topics) -> PartitionedStore:
    """The app's one table, whose changelog has as many partitions as the events."""
    partitions = app.settings.partitions
    changelog = app.topic(
        topics.analytics_changelog,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        compacting=True,
        partitions=partitions,
        internal=True,
    )
    table = _Table(
        app, name="windows", partitions=partitions, key_type=bytes, value_type=bytes, changelog_topic=changelog
    )
    app.tables.add(table)
    store: PartitionedStore = table.data  # type: ignore[assignment]  # ours
    return store


class PartitionTable:
    """`AnalyticsTable` on one partition of the store and of its changelog."""

    def __init__(self, store: PartitionedStore, partition: int, topic: str, log: KafkaEventLog) -> None:
        self._store, self._partition, self._topic, self._log = store, partition, topic, log

    def entries(self, prefix: str) -> Mapping[str, bytes]:
        entries = self._store.partitions.get(self._partition, {})
        return {key: value for key, value in entries.items() if key.startswith(prefix)}

    async def write(self, entries: Sequence[tuple[str, bytes | None]]) -> None:
        records = [OutboundRecord(key.encode(), value, ()) for key, value in entries]
        await self._log.append(self._topic, self._partition, records)
        stored = self._store.partitions.setdefault(self._partition, {})
        for key, value in entries:
            if value is None:
                stored.pop(key, None)
            else:
                stored[key] = value

    async def write_outdated_again(self) -> None:
        """Write the newer value of each key behind the older one that stands last. Raises PublishFailed."""
        stored = self._store.partitions.get(self._partition, {})
        keys = self._store.outdated.pop(self._partition, set())
        if entries := [(key, stored[key]) for key in sorted(keys)]:
            await self.write(entries)


class PartitionWindows:
    """`WindowTopic` on one partition of the topic."""

    def __init__(self, partition: int, topic: str, log: KafkaEventLog) -> None:
        self._partition, self._topic, self._log = partition, topic, log

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        await self._log.append(self._topic, self._partition, records)
