"""Reads whole partitions of the log, for those who compare. Belongs to no group and commits nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import TopicPartition

from contracts.client.consumer import Consumer
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, client_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.kafka.inbound import inbound
from infra.kafka.stopping import stopped
from infra.settings import Settings
from workers.ports.log import InboundRecord

MAX_RECORDS = 2000
# A fetch that waits at one partition's end holds up the next partition.
FETCH_WAIT_MS = 10


class LogReader:
    """A reader of one partition after another."""

    def __init__(self, settings: Settings) -> None:
        self._options = client_options(settings)
        self._consumer: Consumer | None = None

    async def records(self, topic: str, partition: int, from_offset: int) -> AsyncIterator[list[InboundRecord]]:
        """The records from an offset to the end that the partition has now, in batches. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        try:
            consumer = await self._started()
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
        except KAFKA_FAULTS as error:
            raise unavailable(error, f"{topic}/{partition} cannot be read") from error

    async def end(self, topic: str, partition: int) -> int:
        """The offset behind the partition's last record. Raises Unavailable."""
        place = TopicPartition(topic, partition)
        try:
            async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                return int((await (await self._started()).end_offsets([place]))[place])
        except KAFKA_FAULTS as error:
            raise unavailable(error, f"{topic}/{partition} cannot be read") from error

    async def _started(self) -> Consumer:
        if self._consumer is None:
            consumer = Consumer(
                **self._options, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=FETCH_WAIT_MS
            )
            self._consumer = consumer
            await consumer.start()
        return self._consumer

    async def stop(self) -> None:
        """Close the connection."""
        if self._consumer is not None:
            await stopped(self._consumer)
