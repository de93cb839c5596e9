"""Whether there is a record at every offset of a range: used when a consumer has skipped offsets.

A consumer silently skips the control records of transactions and the records of aborted ones. It just as silently skips
records that were removed from the middle of a partition, as the cleaner of a compacted topic does. The consumer here
reads everything, so only removed records are holes.
"""

import asyncio
from typing import Any

from aiokafka import TopicPartition

from contracts.client.consumer import WholeConsumer
from infra.kafka.clients import partition_reader, stopped
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS
from infra.kafka.faults import faults_sorted
from workers.ports.log import Partition

# Usually one control record was skipped.
FETCH_BYTES = 65_536


class HoleFinder:
    """Reads ranges, one at a time, with a consumer of its own that belongs to no group."""

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
                        hole = await _first_hole(consumer, place, first, until)
                        consumer.pause(place)
                        return hole
                except BaseException:
                    await self._stop()
                    raise

    async def _started(self) -> WholeConsumer:
        if self._consumer is None:
            self._consumer = await partition_reader(WholeConsumer, self._options, max_partition_fetch_bytes=FETCH_BYTES)
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
            begin = record.offset if record.unreadable is None else record.unreadable.first_offset
            if begin > expected:
                return expected, min(begin, until)
            expected = record.offset + 1
            if expected >= until:
                return None
        # A batch may have lost its last records; the position is still behind where they were.
        if await consumer.position(place) >= until:
            return expected, until
    return None
