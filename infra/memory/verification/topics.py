"""Topics and their records for a verification, in memory."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial

from infra.memory.broker import Broker, NoSuchPartition
from infra.memory.wire import Wire
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord, TopicState

MAX_RECORDS = 2000


class MemoryTopicReader:
    """`TopicReader` on the in-memory broker, which has no transactions: every record is committed."""

    def __init__(self, broker: Broker, wire: Wire) -> None:
        self._broker = broker
        self._wire = wire

    async def records(
        self, topic: str, partition: int, from_offset: int, *, committed_only: bool = False
    ) -> AsyncGenerator[list[InboundRecord]]:
        end = await self._end(topic, partition)
        position = from_offset
        while position < end:
            until = min(position + MAX_RECORDS, end)
            read = partial(self._broker.read_until, topic, partition, position, until)
            if batch := await self._wire.call("Kafka", read):
                yield batch
            position = until

    async def committed_ends(self, topic: str, partitions: int) -> Sequence[int]:
        return [await self._end(topic, partition) for partition in range(partitions)]

    async def _end(self, topic: str, partition: int) -> int:
        try:
            return await self._wire.call("Kafka", partial(self._broker.end, topic, partition))
        except NoSuchPartition as error:
            raise Unavailable("Kafka", str(error)) from error

    async def states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        def read() -> dict[str, TopicState]:
            return {topic: self._broker.state(topic) for topic in topics if topic in self._broker.topics}

        return await self._wire.call("Kafka", read)

    async def topic_settings(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        def read() -> dict[str, dict[str, str]]:
            return {topic: dict(self._broker.settings[topic]) for topic in topics}

        return await self._wire.call("Kafka", read)
