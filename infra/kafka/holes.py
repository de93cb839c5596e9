"""Whether something stands at every offset of a stretch: the look into a gap that a consumer has read over.

A consumer passes over the marks of transactions, and over what transactions took back, without a word; and just so over
what was taken out of the middle of a partition, as the cleaner of a compacted topic does. Here everything is read.
"""

import asyncio
from typing import Any

from aiokafka import TopicPartition

from contracts.client.consumer import WholeConsumer
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS
from infra.kafka.faults import faults_sorted
from infra.kafka.stopping import started, stopped
from workers.ports.log import Partition

# As a rule a gap is one mark long.
FETCH_BYTES = 65_536
FETCH_WAIT_MS = 10


class HoleFinder:
    """Reads stretches, one at a time, with a consumer of its own that belongs to no group."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._consumer: WholeConsumer | None = None
        self._reading = asyncio.Lock()

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        """See `Subscription.hole`. Raises Unavailable."""
        place = TopicPartition(*partition)
        async with self._reading:
            with faults_sorted(f"{partition.topic}/{partition.partition} cannot be read"):
                try:
                    async with asyncio.timeout(3 * REQUEST_TIMEOUT_SECONDS):
                        consumer = await self._started()
                        consumer.assign([place])
                        consumer.seek(place, first)
                        found = await _first_hole(consumer, place, first, until)
                        consumer.pause(place)
                        return found
                except BaseException:
                    await self._stop()
                    raise

    async def _started(self) -> WholeConsumer:
        if self._consumer is None:
            consumer = WholeConsumer(
                **self._options,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=FETCH_BYTES,
                fetch_max_wait_ms=FETCH_WAIT_MS,
            )
            self._consumer = await started(consumer)
        return self._consumer

    async def _stop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stopped(consumer)

    async def stop(self) -> None:
        """Close the connection."""
        async with self._reading:
            await self._stop()


async def _first_hole(consumer: WholeConsumer, place: TopicPartition, first: int, until: int) -> tuple[int, int] | None:
    expected = first
    while expected < until:
        for record in (await consumer.getmany(place, timeout_ms=1000)).get(place, ()):
            if record.offset > expected:
                return expected, min(record.offset, until)
            expected = record.offset + 1
            if expected >= until:
                return None
        # A batch may have lost its last records, and ends where it ended.
        if await consumer.position(place) >= until:
            return expected, until
    return None
