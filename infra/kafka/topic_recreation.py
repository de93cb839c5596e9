"""The steps of recreating a topic, on Kafka. Unread records are kept in a topic `<topic>.kept` with one partition."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from infra.kafka.log_reader import LogReader
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.propagation import propagated
from infra.kafka.topic_closing import close_topic
from infra.kafka.topics import Topic, create_topics, delete_topics
from infra.settings import Settings
from workers.ports.lane_listing import ReadPosition
from workers.ports.log import InboundRecord, OutboundRecord, TopicState
from workers.ports.topic_recreation import KEPT_SUFFIX

COPY_RECORDS = 500


@asynccontextmanager
async def open_recreated_topic(settings: Settings, topic: Topic) -> AsyncIterator["KafkaRecreatedTopic"]:
    """Open the topic with connections of its own. `topic` is the topic as it should be."""
    log, sender = LogReader(settings), KafkaMessageSender(settings)
    try:
        yield KafkaRecreatedTopic(settings, topic, log, sender)
    finally:
        await sender.stop()
        await log.stop()


class KafkaRecreatedTopic:
    """`RecreatedTopic` on Kafka."""

    def __init__(self, settings: Settings, topic: Topic, log: LogReader, sender: KafkaMessageSender) -> None:
        self._settings = settings
        self._topic = topic
        config = {**topic.config, "retention.ms": "-1"}
        self._kept = topic._replace(name=topic.name + KEPT_SUFFIX, partitions=1, config=config)
        self._log = log
        self._sender = sender

    @property
    def name(self) -> str:
        return self._topic.name

    @property
    def partitions(self) -> int:
        return self._topic.partitions

    async def state(self) -> TopicState | None:
        return (await self._log.states([self.name])).get(self.name)

    async def has_kept_records(self) -> bool:
        return self._kept.name in await self._log.states([self._kept.name])

    async def create_kept_records(self) -> None:
        await create_topics(self._settings, [self._kept])

    async def close(self, partitions: int) -> None:
        await close_topic(self._settings, self.name, partitions)

    async def keep_unread(self, partitions: int, positions: Sequence[ReadPosition]) -> None:
        by_partition = {position.partition: position for position in positions}
        offsets = {number: await self._first_unread(number, by_partition.get(number)) for number in range(partitions)}
        grown = True
        while grown:  # until no more records arrive
            grown = False
            for number, offset in offsets.items():
                async for records in self._log.records(self.name, number, offset, committed_only=True):
                    await self._send([(self._kept.name, 0, _copy(record)) for record in records])
                    offsets[number] = records[-1].offset + 1
                    grown = True

    async def _first_unread(self, number: int, position: ReadPosition | None) -> int:
        """The first unread offset of a partition: 0 when the partition has lost its end, and may have grown since, so
        that none of its records can be regarded as read.
        """
        if position is None or not position.last_timestamp:
            return 0 if position is None else position.consumed
        last = position.consumed - 1
        async with aclosing(self._log.records(self.name, number, last, committed_only=True)) as batches:
            async for records in batches:
                return position.consumed if position.is_intact(records[0].offset, records[0].timestamp) else 0
        return 0

    async def delete(self) -> None:
        await delete_topics(self._settings, [self.name])

    async def create(self) -> TopicState:
        await create_topics(self._settings, [self._topic])
        # Not all brokers know the new topic at once.
        return await propagated(self.state, f"{self.name}, which was made")

    async def carry_over(self) -> int:
        count = 0
        async for records in self._log.records(self._kept.name, 0, 0):
            # A record without a key is no command.
            await self._send([(self.name, None if record.key else 0, _copy(record)) for record in records])
            count += len(records)
        return count

    async def delete_kept_records(self) -> None:
        await delete_topics(self._settings, [self._kept.name])

    async def _send(self, messages: Sequence[tuple[str, int | None, OutboundRecord]]) -> None:
        for begin in range(0, len(messages), COPY_RECORDS):
            await self._sender.send(messages[begin : begin + COPY_RECORDS])


def _copy(record: InboundRecord) -> OutboundRecord:
    return OutboundRecord(record.key, record.value, record.headers)
