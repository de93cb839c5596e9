"""The records that a command lane sends in addition to events: replies with outcomes, and dead letters. Pure.

It follows deciding.py; lane.py sends what is made here. Dead letters are sent before the batch is committed, replies
after it. Both may be sent more than once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from uuid_utils import UUID, uuid5

from contracts.envelope import CONTENT_TYPE, SPECVERSION, CommandEnvelope, printable_name, rfc3339
from contracts.topics import Topics
from workers.command.batch_decision import Answer
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
    replies_topic, time_header = topics.replies, ("ce_time", rfc3339(now).encode())
    for request, outcome in answers:
        reply_to = request.envelope.reply_to
        partition = None if reply_to is None else _partition_in(reply_to, replies_topic, partitions)
        if partition is not None:
            records.setdefault(partition, []).append(_reply(request.envelope, outcome, time_header))
    return records


@lru_cache(maxsize=4096)
def _partition_in(reply_to: str, replies_topic: str, partitions: int) -> int | None:
    """The partition that a reply address names, if it is one of the replies topic."""
    topic, _, partition = reply_to.rpartition(":")
    is_one = topic == replies_topic and partition.isdecimal() and int(partition) < partitions
    return int(partition) if is_one else None


@lru_cache(maxsize=1024)
def _source_header(type_: str) -> tuple[str, bytes]:
    return ("ce_source", b"/annals/" + type_.partition(".")[0].encode())


def _reply(envelope: CommandEnvelope, outcome: bytes, time_header: tuple[str, bytes]) -> OutboundRecord:
    """The outcome as a record, keyed by the command id. The reply to a repeated command has the same id as the first;
    the reply to a command of another stream with that id has another.
    """
    stream = f"{envelope.type.partition('.')[0]}/{envelope.subject}"
    command_id = envelope.id.encode()
    headers = [
        SPECVERSION,
        ("ce_id", str(uuid5(UUID(envelope.id), f"{stream}/outcome")).encode()),
        REPLY_TYPE,
        _source_header(envelope.type),
        ("ce_subject", envelope.subject.encode()),
        time_header,
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
