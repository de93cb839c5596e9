"""A broker in memory, behind the calls of a consumer that the client makes: it fails and falls silent as a test says.

`records` by partition; a partition in `silent` delivers nothing more to the consumers that are connected now, without
an error, as after some restarts of a broker: one that connects later gets its records. Each error in `faults` ends one
fetch; a fetch brings `most` records of a partition. `opened` counts the consumers, `seeks` has where each began.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from contracts.client.topic_states import TopicState


class StoredRecord(NamedTuple):
    """As aiokafka hands it over, as far as the client looks."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class BrokerOnScript:
    """One topic."""

    def __init__(self, topic: str, partitions: int = 1) -> None:
        self.topic = topic
        self.records: dict[int, list[StoredRecord]] = {partition: [] for partition in range(partitions)}
        self.silent: set[int] = set()
        self.faults: list[Exception] = []
        self.most = 100
        self.opened = 0
        self.fetches = self.checks = 0
        self.seeks: list[tuple[int, int]] = []
        self.written = asyncio.Event()

    def write(
        self, partition: int, key: bytes, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        kept = self.records[partition]
        kept.append(StoredRecord(self.topic, len(kept), key, value, headers))
        self.written.set()

    def consumer(self, *_: str, **__: Any) -> "ConsumerOnScript":
        return ConsumerOnScript(self)


class ConsumerOnScript:
    """`Consumer`, of that broker."""

    def __init__(self, broker: BrokerOnScript) -> None:
        self._broker = broker
        self._positions: dict[TopicPartition, int] = {}
        self._served_again: frozenset[int] = frozenset()

    async def start(self) -> None:
        self._broker.opened += 1
        self._served_again = frozenset(self._broker.silent)
        self.assign(TopicPartition(self._broker.topic, partition) for partition in self._broker.records)

    async def stop(self) -> None:
        self._positions.clear()

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._positions)

    def unsubscribe(self) -> None:
        self._positions.clear()

    def assign(self, places: Iterable[TopicPartition]) -> None:
        self._positions = dict.fromkeys(places, 0)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._positions[place] = offset
        self._broker.seeks.append((place.partition, offset))

    async def position(self, place: TopicPartition) -> int:
        return self._positions[place]

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)

    async def topic_states(self, topics: Iterable[str]) -> dict[str, TopicState]:
        return dict.fromkeys(topics, TopicState("one", 1, {}))

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        self._broker.checks += 1
        return {place: len(self._broker.records[place.partition]) for place in places}

    async def getmany(self, *places: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[StoredRecord]]:
        self._broker.fetches += 1
        await asyncio.sleep(0)
        if self._broker.faults:
            raise self._broker.faults.pop(0)
        if not (records_by_partition := self._fetched()):
            self._broker.written.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_ms / 1000):
                    await self._broker.written.wait()
            records_by_partition = self._fetched()
        return records_by_partition

    def _fetched(self) -> dict[TopicPartition, list[StoredRecord]]:
        records_by_partition = {}
        for place, position in self._positions.items():
            is_served = place.partition not in self._broker.silent or place.partition in self._served_again
            if is_served and (
                records := self._broker.records[place.partition][position : position + self._broker.most]
            ):
                records_by_partition[place] = records
                self._positions[place] += len(records)
        return records_by_partition
