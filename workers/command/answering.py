"""The records that a command lane sends in addition to events: replies with outcomes, and dead letters. Pure.

It follows deciding.py; lane.py sends what is made here. Dead letters are sent before the batch is committed, replies
after it. Both may be sent more than once.
"""

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
    """The replies by partition of the replies topic. A reply address on any other topic is ignored: no caller may make
    us write to our own logs.
    """
    records: dict[int, list[OutboundRecord]] = {}
    time = rfc3339(now).encode()
    for request, outcome in answers:
        topic, _, partition = (request.envelope.reply_to or "").rpartition(":")
        if topic == topics.replies and partition.isdecimal() and int(partition) < partitions:
            records.setdefault(int(partition), []).append(_reply(request.envelope, outcome, time))
    return records


def _reply(envelope: CommandEnvelope, outcome: bytes, time: bytes) -> OutboundRecord:
    """The outcome as a record, keyed by the command id. The reply to a repeated command has the same id as the
    first.
    """
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
    """The topic, partition and record of a dead letter: the original key, value and headers, followed by `dlq_` headers
    that tell why and where it was found.
    """
    record = letter.record
    reasons = {
        "dlq_reason": letter.reason,
        "dlq_error": letter.explanation,
        "dlq_topic": record.topic,
        "dlq_partition": str(record.partition),
        "dlq_offset": str(record.offset),
        "dlq_time": rfc3339(now),
    }
    original = [(printable_name(name), value) for name, value in record.headers]
    headers = [*original, *((name, value.encode()) for name, value in reasons.items())]
    return Topics.dead_letters(record.topic), 0, OutboundRecord(record.key, record.value, headers)
