"""The published windows, read from their compacted topic when somebody asks: nothing is read while nobody does."""

import asyncio
import time

from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.settings import Settings
from workers.analytics.published import PublishedWindows
from workers.ports.lanes import Unavailable

MAX_AGE_SECONDS = 1.0
READ_SECONDS = 20.0


class KafkaWindows:
    """`WindowSource` on the topic `analytics.windows`. What was read before is kept, and read on from there."""

    def __init__(self, settings: Settings) -> None:
        self._topic = Topics(settings.topic_prefix).analytics_windows
        self._reader = LogReader(settings)
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
        self._begin("")

    def _begin(self, topic_id: str) -> None:
        self._topic_id, self._windows, self._offsets = topic_id, PublishedWindows(), dict[int, int]()

    async def published(self) -> PublishedWindows:
        async with self._reading:
            if self._read_at is None or time.monotonic() - self._read_at > MAX_AGE_SECONDS:
                try:
                    async with asyncio.timeout(READ_SECONDS):
                        await self._read()
                except TimeoutError:
                    raise Unavailable("Kafka", f"{self._topic} could not be read in time") from None
                self._read_at = time.monotonic()
            return self._windows

    async def _read(self) -> None:
        state = (await self._reader.states([self._topic])).get(self._topic)
        if state is None:
            raise Unavailable("Kafka", f"there is no topic {self._topic}", "annals topics create")
        if state.id != self._topic_id:
            self._begin(state.id)
        for partition in range(state.partitions):
            async for records in self._reader.records(self._topic, partition, self._offsets.get(partition, 0)):
                for record in records:
                    self._windows.apply(partition, record.key, None if record.unreadable else record.value)
                self._offsets[partition] = records[-1].offset + 1

    async def stop(self) -> None:
        """Close the connections."""
        await self._reader.stop()
