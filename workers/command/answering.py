"""What leaves a lane besides events: outcomes to those who asked, dead letters to those who will look. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from contracts.envelope import rfc3339
from contracts.topics import Topics
from workers.command.deciding import Answer
from workers.command.reading import DeadLetter
from workers.ports.log import OutboundRecord


def replies(answers: Sequence[Answer], topics: Topics, partitions: int) -> Mapping[int, list[OutboundRecord]]:
    """The replies by partition of the replies topic. An address on any other topic is not answered: nobody may write
    into our logs by asking for a reply there.
    """
    found: dict[int, list[OutboundRecord]] = {}
    for request, outcome in answers:
        topic, _, partition = (request.envelope.reply_to or "").rpartition(":")
        if topic == topics.replies and partition.isdecimal() and int(partition) < partitions:
            headers = (("ce_correlationid", request.envelope.correlation_id.encode()),)
            record = OutboundRecord(request.envelope.id.encode(), outcome, headers)
            found.setdefault(int(partition), []).append(record)
    return found


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
    headers = [*record.headers, *((name, value.encode()) for name, value in reasons.items())]
    return Topics.dead_letters(record.topic), 0, OutboundRecord(record.key, record.value, headers)
