"""The steps of recreating a topic, on the in-memory broker."""

from collections.abc import Sequence
from functools import partial

from contracts.partitioner import partition_for
from infra.memory.broker import Broker
from infra.memory.wire import Wire
from workers.ports.lane_listing import ReadPosition
from workers.ports.log import InboundRecord, OutboundRecord, TopicState
from workers.ports.topic_recreation import KEPT_SUFFIX


class MemoryRecreatedTopic:
    """`RecreatedTopic` on the in-memory broker, which does not close a topic: no client sends during the steps."""

    def __init__(self, broker: Broker, wire: Wire, name: str, partitions: int) -> None:
        self.name = name
        self.partitions = partitions
        self._kept = name + KEPT_SUFFIX
        self._broker = broker
        self._wire = wire

    async def state(self) -> TopicState | None:
        state = await self._wire.call("Kafka", partial(self._broker.state, self.name))
        return state if state.partitions else None

    async def has_kept_records(self) -> bool:
        return not await self._wire.call("Kafka", partial(self._broker.absent, [self._kept]))

    async def create_kept_records(self) -> None:
        await self._wire.call("Kafka", partial(self._broker.create_topic, self._kept, 1))

    async def close(self, partitions: int) -> None:
        assert self._broker.count(self.name) == partitions

    async def keep_unread(self, partitions: int, positions: Sequence[ReadPosition]) -> None:
        by_partition = {position.partition: position for position in positions}
        for number in range(partitions):
            records = await self._records(self.name, number)
            first = _first_unread(records, by_partition.get(number))
            unread = [_copy(record) for record in records if record.offset >= first]
            await self._wire.call("Kafka", partial(self._broker.append, self._kept, 0, unread))

    async def delete(self) -> None:
        await self._wire.call("Kafka", partial(self._broker.delete_topic, self.name))

    async def create(self) -> TopicState:
        await self._wire.call("Kafka", partial(self._broker.create_topic, self.name, self.partitions))
        return await self._wire.call("Kafka", partial(self._broker.state, self.name))

    async def carry_over(self) -> int:
        records = await self._records(self._kept, 0)
        for record in records:
            number = partition_for(record.key, self.partitions) if record.key else 0
            await self._wire.call("Kafka", partial(self._broker.append, self.name, number, [_copy(record)]))
        return len(records)

    async def delete_kept_records(self) -> None:
        await self._wire.call("Kafka", partial(self._broker.delete_topic, self._kept))

    async def _records(self, topic: str, partition: int) -> list[InboundRecord]:
        def read() -> list[InboundRecord]:
            return self._broker.read_until(topic, partition, 0, self._broker.end(topic, partition))

        return await self._wire.call("Kafka", read)


def _first_unread(records: Sequence[InboundRecord], position: ReadPosition | None) -> int:
    if position is None or not position.last_timestamp:
        return 0 if position is None else position.consumed
    last = next((record for record in records if record.offset >= position.consumed - 1), None)
    if last is None or not position.is_intact(last.offset, last.timestamp):
        return 0
    return position.consumed


def _copy(record: InboundRecord) -> OutboundRecord:
    return OutboundRecord(record.key, record.value, record.headers)
