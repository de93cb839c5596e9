"""Making a topic anew that has another number of partitions than the installation: Kafka takes no partition away.

Events are in the table and replies are short-lived, so their topics are simply made again; the lanes fill the log. The
commands that nobody has read are kept in a topic of their own meanwhile, `<topic>.kept`, and sent from there to the
partitions that they belong to. The topic takes nothing from its senders until it is new, so they know what has not
arrived. Whoever is interrupted runs it again: a command that is sent twice is handled once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple

from infra.kafka.closing import close_topic
from infra.kafka.log_reader import LogReader
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.telling import told
from infra.kafka.topics import Topic, create_topics, delete_topics
from infra.settings import Settings
from workers.ports.log import OutboundRecord, TopicState

KEPT_SUFFIX = ".kept"
COPY_RECORDS = 500

Begin = Callable[[str, str | None], Awaitable[None]]
"""Told the id of the new topic, before anything is written to it, and of the one that was there ("": none was). None:
an interrupted run goes on, and nobody knows any more which it was.
"""


class Read(NamedTuple):
    """The offset behind the last command that was read, and the id of the topic that it is of (empty: not known).

    `last_timestamp`: that of this command, 0: not known.
    """

    topic_id: str
    offset: int
    last_timestamp: int


class TopicFits(Exception):
    """The topic is as it should be: there is nothing to make anew."""

    def __init__(self, topic: Topic) -> None:
        super().__init__(f"{topic.name} has {topic.partitions} partitions, as it should; nothing was done")
        self.topic = topic


async def recreate(settings: Settings, topic: Topic, consumed: Mapping[int, Read] | None, begin: Begin) -> int:
    """Make the topic anew as it should be; returns how many records were carried over.

    `consumed`: by partition, how far its commands were read; None: nothing is to be carried over.
    Raises Unavailable or TopicFits.
    """
    kept = topic._replace(name=topic.name + KEPT_SUFFIX, partitions=1, config={**topic.config, "retention.ms": "-1"})
    log, sender = LogReader(settings), KafkaMessageSender(settings)
    try:
        states = await log.states([topic.name, kept.name])
        found = states.get(topic.name)
        if found is not None and found.partitions == topic.partitions and kept.name not in states:
            raise TopicFits(topic)
        if found is not None and found.partitions != topic.partitions:
            if consumed is not None:
                await create_topics(settings, [kept])
                await close_topic(settings, topic.name, found.partitions)
                # An offset of a former topic says nothing: all of this one is unread then.
                read = {number: each for number, each in consumed.items() if each.topic_id in ("", found.id)}
                await _keep(log, sender, Partitions(topic.name, found.partitions, read), kept.name)
            await delete_topics(settings, [topic.name])
        await create_topics(settings, [topic])
        # Whoever had read a topic before the one that was there may have missed what was sent to his.
        former = None if kept.name in states else found.id if found is not None else ""
        await begin((await _there(log, topic.name)).id, former)
        carried = 0
        if consumed is not None and kept.name in await log.states([kept.name]):
            carried = await _carry_over(log, sender, kept.name, topic.name)
            await delete_topics(settings, [kept.name])
        return carried
    finally:
        await sender.stop()
        await log.stop()


class Partitions(NamedTuple):
    """A topic's partitions, and up to where each was read."""

    topic: str
    number: int
    consumed: Mapping[int, Read]


async def _keep(log: LogReader, sender: KafkaMessageSender, unread: Partitions, kept: str) -> None:
    """Copy what nobody has read, until nothing more comes."""
    positions = {number: await _unread_from(log, unread, number) for number in range(unread.number)}
    grown = True
    while grown:
        grown = False
        for number, position in positions.items():
            async for records in log.records(unread.topic, number, position, committed_only=True):
                await _send(sender, [(kept, 0, OutboundRecord(each.key, each.value, each.headers)) for each in records])
                positions[number] = records[-1].offset + 1
                grown = True


async def _unread_from(log: LogReader, unread: Partitions, number: int) -> int:
    """From where on nobody has read a partition. From its beginning, for all that one knows, when another command, or
    none, stands where the last one was read: it has lost its end, and perhaps grown since.
    """
    read = unread.consumed.get(number)
    if read is None or not read.last_timestamp:
        return 0 if read is None else read.offset
    last = read.offset - 1
    async with aclosing(log.records(unread.topic, number, last, committed_only=True)) as batches:
        async for records in batches:
            is_as_it_was = records[0].offset > last or records[0].timestamp == read.last_timestamp
            return read.offset if is_as_it_was else 0
    return 0


async def _carry_over(log: LogReader, sender: KafkaMessageSender, kept: str, name: str) -> int:
    """Send what was kept to the partition of its key. What has none is no command: any partition will do."""
    count = 0
    async for records in log.records(kept, 0, 0):
        await _send(
            sender,
            [(name, None if each.key else 0, OutboundRecord(each.key, each.value, each.headers)) for each in records],
        )
        count += len(records)
    return count


async def _send(sender: KafkaMessageSender, messages: Sequence[tuple[str, int | None, OutboundRecord]]) -> None:
    for begin in range(0, len(messages), COPY_RECORDS):
        await sender.send(messages[begin : begin + COPY_RECORDS])


async def _there(log: LogReader, name: str) -> TopicState:
    """The topic, once the broker tells of it. Raises Unavailable."""

    async def there() -> TopicState | None:
        return (await log.states([name])).get(name)

    return await told(there, f"{name}, which was made")
