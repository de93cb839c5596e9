"""Recreates a topic that has another number of partitions than the installation, because Kafka cannot remove
partitions.

Events are in the table and replies are short-lived, so their topics are simply created again, and the lanes fill the
log. Unread commands are kept meanwhile in a topic of their own, `<topic>.kept`, and sent from there to their
partitions. Until the new topic exists, the old one rejects every record, so producers know what has not arrived. An
interrupted run is repeated: a command that is sent twice is handled once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple

from infra.kafka.log_reader import LogReader
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.propagation import propagated
from infra.kafka.topic_closing import close_topic
from infra.kafka.topics import Topic, create_topics, delete_topics
from infra.settings import Settings
from workers.ports.log import InboundRecord, OutboundRecord, TopicState

KEPT_SUFFIX = ".kept"
COPY_RECORDS = 500

Begin = Callable[[str, str | None], Awaitable[None]]
"""Called before anything is written to the new topic, with its id and that of the former topic: "" when there was none,
None when an interrupted run is resumed and the former id is unknown.
"""


class Read(NamedTuple):
    """How far a partition was read: the offset behind its last command that was read.

    `topic_id`: the topic of that offset; empty when unknown. `last_timestamp`: that command's, 0 when unknown.
    """

    topic_id: str
    offset: int
    last_timestamp: int


class TopicFits(Exception):
    """The topic is as it should be: there is nothing to recreate."""

    def __init__(self, topic: Topic) -> None:
        super().__init__(f"{topic.name} has {topic.partitions} partitions, as it should; nothing was done")
        self.topic = topic


async def recreate(settings: Settings, topic: Topic, consumed: Mapping[int, Read] | None, begin: Begin) -> int:
    """Recreate the topic as it should be; returns how many records were carried over.

    `consumed`: by partition, how far its commands were read; None when nothing is to be carried over.
    Raises Unavailable or TopicFits.
    """
    kept = topic._replace(name=topic.name + KEPT_SUFFIX, partitions=1, config={**topic.config, "retention.ms": "-1"})
    log, sender = LogReader(settings), KafkaMessageSender(settings)
    try:
        states = await log.states([topic.name, kept.name])
        present = states.get(topic.name)
        if present is not None and present.partitions == topic.partitions and kept.name not in states:
            raise TopicFits(topic)
        if present is not None and present.partitions != topic.partitions:
            if consumed is not None:
                await create_topics(settings, [kept])
                await close_topic(settings, topic.name, present.partitions)
                # An offset of a former topic means nothing here: all of this topic is unread then.
                read = {number: reached for number, reached in consumed.items() if reached.topic_id in ("", present.id)}
                await _keep(log, sender, Partitions(topic.name, present.partitions, read), kept.name)
            await delete_topics(settings, [topic.name])
        await create_topics(settings, [topic])
        # A lane that had read a still earlier topic may have missed commands that were sent to it.
        former = None if kept.name in states else present.id if present is not None else ""
        await begin((await _created(log, topic.name)).id, former)
        carried = 0
        if consumed is not None and kept.name in await log.states([kept.name]):
            carried = await _carry_over(log, sender, kept.name, topic.name)
            await delete_topics(settings, [kept.name])
        return carried
    finally:
        await sender.stop()
        await log.stop()


class Partitions(NamedTuple):
    """The partitions of a topic, and how far each was read."""

    topic: str
    number: int
    consumed: Mapping[int, Read]


async def _keep(log: LogReader, sender: KafkaMessageSender, unread: Partitions, kept: str) -> None:
    """Copy every unread record, until no more arrive."""
    positions = {number: await _unread_from(log, unread, number) for number in range(unread.number)}
    grown = True
    while grown:
        grown = False
        for number, position in positions.items():
            async for records in log.records(unread.topic, number, position, committed_only=True):
                await _send(sender, [(kept, 0, _copy(record)) for record in records])
                positions[number] = records[-1].offset + 1
                grown = True


async def _unread_from(log: LogReader, unread: Partitions, number: int) -> int:
    """The first unread offset of a partition.

    It is 0 when the record at the last read offset is missing or another one: the partition has lost its end then, and
    may have grown since, so that nothing in it can be taken as read.
    """
    read = unread.consumed.get(number)
    if read is None or not read.last_timestamp:
        return 0 if read is None else read.offset
    last = read.offset - 1
    async with aclosing(log.records(unread.topic, number, last, committed_only=True)) as batches:
        async for records in batches:
            is_unchanged = records[0].offset > last or records[0].timestamp == read.last_timestamp
            return read.offset if is_unchanged else 0
    return 0


async def _carry_over(log: LogReader, sender: KafkaMessageSender, kept: str, name: str) -> int:
    """Send each kept record to the partition of its key, and one without a key, which is no command, to 0."""
    count = 0
    async for records in log.records(kept, 0, 0):
        await _send(sender, [(name, None if record.key else 0, _copy(record)) for record in records])
        count += len(records)
    return count


async def _send(sender: KafkaMessageSender, messages: Sequence[tuple[str, int | None, OutboundRecord]]) -> None:
    for begin in range(0, len(messages), COPY_RECORDS):
        await sender.send(messages[begin : begin + COPY_RECORDS])


def _copy(record: InboundRecord) -> OutboundRecord:
    return OutboundRecord(record.key, record.value, record.headers)


async def _created(log: LogReader, name: str) -> TopicState:
    """The new topic, once the brokers know it. Raises Unavailable."""

    async def state() -> TopicState | None:
        return (await log.states([name])).get(name)

    return await propagated(state, f"{name}, which was made")
