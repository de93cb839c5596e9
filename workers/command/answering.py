"""What leaves a lane besides events: outcomes to those who asked, dead letters to those who will look. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from uuid_utils import UUID, uuid5

from contracts.envelope import CONTENT_TYPE, SPECVERSION, CommandEnvelope, printable_name, rfc3339
from contracts.topics import Topics
from workers.command.deciding import Answer
from workers.command.reading import DeadLetter
from workers.ports.log import OutboundRecord

REPLY_TYPE = ("ce_type", b"annals.Outcome.v1")


def replies(
    answers: Sequence[Answer], topics: Topics, partitions: int, now: datetime
) -> Mapping[int, list[OutboundRecord]]:
    """The replies by partition of the replies topic. An address on any other topic is not answered: nobody may write
    into our logs by asking for a reply there.
    """
    found: dict[int, list[OutboundRecord]] = {}
    time = rfc3339(now).encode()
    for request, outcome in answers:
        topic, _, partition = (request.envelope.reply_to or "").rpartition(":")
        if topic == topics.replies and partition.isdecimal() and int(partition) < partitions:
            found.setdefault(int(partition), []).append(_reply(request.envelope, outcome, time))
    return found


def _reply(envelope: CommandEnvelope, outcome: bytes, time: bytes) -> OutboundRecord:
    """A reply: the outcome under the command's id. That of a repeat has the same id of its own: it says the same."""
    command_id = envelope.id.encode()
    headers = [
        SPECVERSION,
        ("ce_id", str(uuid5(UUID(envelope.id), "outcome")).encode()),
        REPLY_TYPE,
        ("ce_source", b"/annals/" + envelope.type.partition(".")[0].encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_time", time),
        CONTENT_TYPE,
        ("ce_correlationid", envelope.correlation_id.encode()),
        ("ce_causationid", command_id),
    ]
    return OutboundRecord(command_id, outcome, headers)


def dead_letter(letter: DeadLetter, now: datetime) -> tuple[str, int, OutboundRecord]:
    """The original bytes, key and headers with, after them, why and whence; for the topic's dead letters."""
    record = letter.record
    reasons = {
        "dlq_reason": letter.reason,
        "dlq_error": letter.explanation,
        "dlq_topic": record.topic,
        "dlq_partition": str(record.partition),
        "dlq_offset": str(record.offset),
        "dlq_time": rfc3339(now),
    }
    kept = [(printable_name(name), value) for name, value in record.headers]
    headers = [*kept, *((name, value.encode()) for name, value in reasons.items())]
    return Topics.dead_letters(record.topic), 0, OutboundRecord(record.key, record.value, headers)
