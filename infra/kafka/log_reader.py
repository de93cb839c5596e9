"""Reads whole partitions of topics, to compare them with the table. Belongs to no group and commits nothing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition

from contracts.client.consumer import Consumer
from contracts.topics import DEAD_LETTERS_SUFFIX, MAX_MESSAGE_BYTES
from infra.kafka.clients import partition_reader, stopped
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, consumer_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.kafka.topic_settings import read_topic_settings
from infra.kafka.topics import administration
from infra.settings import Settings
from workers.ports.log import InboundRecord, TopicState

MAX_RECORDS = 2000


class LogReader:
    """A reader of one partition after another."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._options = consumer_options(settings)
        self._consumers: dict[tuple[str, int], Consumer] = {}

    async def records(
        self, topic: str, partition: int, from_offset: int, *, committed_only: bool = False
    ) -> AsyncGenerator[list[InboundRecord]]:
        """The records from an offset to the end that the partition has now, in batches. Raises Unavailable.

        `committed_only`: without the records of aborted transactions.
        """
        place = TopicPartition(topic, partition)
        isolation = "read_committed" if committed_only else "read_uncommitted"
        async with self._consumer_for(f"{topic}/{partition} cannot be read", isolation, topic) as consumer:
            consumer.assign([place])
            position = max(from_offset, (await consumer.beginning_offsets([place]))[place])
            end: int = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, position)
            while position < end:
                fetched: list[Any] = []
                async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                    # A position may also move without a record: over control records of transactions.
                    while not fetched and position < end:
                        answer = await consumer.getmany(place, timeout_ms=1000, max_records=MAX_RECORDS)
                        fetched, position = answer.get(place, []), await consumer.position(place)
                if batch := [InboundRecord._make(record) for record in fetched if record.offset < end]:
                    yield batch
            consumer.pause(place)

    async def end(self, topic: str, partition: int) -> int:
        """The offset behind the partition's last record. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        async with self._consumer_for(f"{topic}/{partition} cannot be read") as consumer:
            async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                return int((await consumer.end_offsets([place]))[place])

    async def states(self, topics: Sequence[str]) -> dict[str, TopicState]:
        """The id and the partitions of those topics that exist, by name. Raises Unavailable."""
        async with self._consumer_for("topics cannot be looked at") as consumer:
            async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                states = await consumer.topic_states(topics)
        return {name: TopicState(state.id, state.partitions) for name, state in states.items()}

    async def topic_settings(self, topics: Sequence[str]) -> dict[str, dict[str, str]]:
        """The settings in effect of existing topics, by name. Raises Unavailable."""
        async with administration(self._settings) as admin:
            settings = await read_topic_settings(admin, topics)
        return {name: values.effective for name, values in settings.items()}

    async def committed_ends(self, topic: str, partitions: int) -> list[int]:
        """For each partition the offset behind the last record that is not part of an open transaction.

        Raises Unavailable.
        """
        places = [TopicPartition(topic, number) for number in range(partitions)]
        async with self._consumer_for(f"{topic} cannot be read", "read_committed") as consumer:
            async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                ends = await consumer.end_offsets(places)
        return [ends[place] for place in places]

    @asynccontextmanager
    async def _consumer_for(
        self, what: str, isolation: str = "read_uncommitted", topic: str = ""
    ) -> AsyncIterator[Consumer]:
        """The consumer of this isolation level, to read records of `topic`; one that failed is replaced. Raises
        Unavailable: `what`.
        """
        limit = self._options["max_unpacked_bytes"]
        if topic.endswith(DEAD_LETTERS_SUFFIX):
            limit += MAX_MESSAGE_BYTES  # the largest record that a worker has read, and the reason for the letter
        kind = isolation, limit
        try:
            if kind not in self._consumers:
                async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                    options = {**self._options, "max_unpacked_bytes": limit}
                    reader = await partition_reader(Consumer, options, isolation_level=isolation)
                self._consumers[kind] = reader
            yield self._consumers[kind]
        except KAFKA_FAULTS as error:
            broken = self._consumers.pop(kind, None)
            if broken is not None:
                await stopped(broken)
            raise unavailable(error, what) from error

    async def stop(self) -> None:
        """Close the connections."""
        for consumer in self._consumers.values():
            await stopped(consumer)
