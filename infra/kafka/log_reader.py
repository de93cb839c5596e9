"""Reads whole partitions of topics, for those who compare. Belongs to no group and commits nothing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition

from contracts.client.consumer import Consumer
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, client_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.kafka.inbound import inbound
from infra.kafka.stopping import started, stopped
from infra.kafka.topic_settings import found_settings
from infra.kafka.topics import administration
from infra.settings import Settings
from workers.ports.log import InboundRecord, TopicState

MAX_RECORDS = 2000
# A fetch that waits at one partition's end holds up the next partition.
FETCH_WAIT_MS = 10


class LogReader:
    """A reader of one partition after another."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._options = client_options(settings)
        self._consumers: dict[str, Consumer] = {}

    async def records(
        self, topic: str, partition: int, from_offset: int, *, committed_only: bool = False
    ) -> AsyncGenerator[list[InboundRecord]]:
        """The records from an offset to the end that the partition has now, in batches. Raises Unavailable.

        `committed_only`: without those that their writer has taken back.
        """
        place = TopicPartition(topic, partition)
        isolation = "read_committed" if committed_only else "read_uncommitted"
        async with self._consumer_for(f"{topic}/{partition} cannot be read", isolation) as consumer:
            consumer.assign([place])
            position = max(from_offset, (await consumer.beginning_offsets([place]))[place])
            end: int = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, position)
            while position < end:
                found: list[Any] = []
                async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                    # A position may also move without a record: over the marks of transactions.
                    while not found and position < end:
                        fetched = await consumer.getmany(place, timeout_ms=1000, max_records=MAX_RECORDS)
                        found, position = fetched.get(place, []), await consumer.position(place)
                if batch := [inbound(record) for record in found if record.offset < end]:
                    yield batch
            consumer.pause(place)

    async def end(self, topic: str, partition: int) -> int:
        """The offset behind the partition's last record. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        async with self._consumer_for(f"{topic}/{partition} cannot be read") as consumer:
            async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                return int((await consumer.end_offsets([place]))[place])

    async def states(self, topics: Sequence[str]) -> dict[str, TopicState]:
        """By name, those of the topics that exist. Raises Unavailable."""
        async with self._consumer_for("topics cannot be looked at") as consumer:
            async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                found = await consumer.topic_states(topics)
        return {name: TopicState(state.id, state.partitions) for name, state in found.items()}

    async def topic_settings(self, topics: Sequence[str]) -> dict[str, dict[str, str]]:
        """By name, the settings in effect of topics that exist. Raises Unavailable."""
        async with administration(self._settings) as admin:
            return {name: found.effective for name, found in (await found_settings(admin, topics)).items()}

    async def committed_ends(self, topic: str, partitions: int) -> list[int]:
        """Of each partition the offset behind the last record that is not part of an open transaction. Raises
        Unavailable.
        """
        places = [TopicPartition(topic, number) for number in range(partitions)]
        async with self._consumer_for(f"{topic} cannot be read", "read_committed") as consumer:
            async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                ends = await consumer.end_offsets(places)
        return [ends[place] for place in places]

    @asynccontextmanager
    async def _consumer_for(self, what: str, isolation: str = "read_uncommitted") -> AsyncIterator[Consumer]:
        """The consumer of this isolation level; one that was in trouble is thrown away. Raises Unavailable: `what`."""
        try:
            if isolation not in self._consumers:
                consumer = Consumer(
                    **self._options,
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    fetch_max_wait_ms=FETCH_WAIT_MS,
                    isolation_level=isolation,
                )
                async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                    self._consumers[isolation] = await started(consumer)
            yield self._consumers[isolation]
        except KAFKA_FAULTS as error:
            broken = self._consumers.pop(isolation, None)
            if broken is not None:
                await stopped(broken)
            raise unavailable(error, what) from error

    async def stop(self) -> None:
        """Close the connections."""
        for consumer in self._consumers.values():
            await stopped(consumer)
