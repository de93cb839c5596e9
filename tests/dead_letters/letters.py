"""Dead letters for tests, written as the worker writes them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from contracts.topics import Topics
from infra.kafka.message_sender import KafkaMessageSender
from infra.settings import Settings
from workers.command.answering import dead_letter
from workers.command.reading import DeadLetter
from workers.ports.log import InboundRecord, OutboundRecord

TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOPIC = "users.commands"


def original(
    *,
    topic: str = TOPIC,
    offset: int = 7,
    key: bytes | None = b"ada",
    value: bytes | None = b"{}",
    headers: Sequence[tuple[str, bytes]] = (),
) -> InboundRecord:
    """A record as it stood in its topic."""
    return InboundRecord(topic, 3, offset, key, value, list(headers), 0)


def written(record: InboundRecord, *, reason: str = "MalformedJson", time: datetime = TIME) -> OutboundRecord:
    """The record of a dead letter."""
    return dead_letter(DeadLetter(record, reason, "what is wrong"), time)[2]


def read_back(record: InboundRecord, *, reason: str = "MalformedJson", time: datetime = TIME) -> InboundRecord:
    """The same, as it is read from the dead letters."""
    key, value, headers = written(record, reason=reason, time=time)
    return InboundRecord(Topics.dead_letters(record.topic), 0, 0, key, value, headers, 0)


async def deliver(settings: Settings, records: Sequence[OutboundRecord]) -> None:
    """Write dead letters of the users' commands."""
    topics = Topics(settings.topic_prefix)
    topic = topics.dead_letters(topics.commands("users"))
    sender = KafkaMessageSender(settings)
    try:
        await sender.send([(topic, 0, record) for record in records])
    finally:
        await sender.stop()
