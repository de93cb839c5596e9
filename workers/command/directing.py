"""Which commands belong to a lane, and the way of the others. Pure.

A client may have another partitioner than Kafka's murmur2. One count of partitions decides here and where the record is
sent to, so a record that was sent on is where it belongs and is never sent on again.
"""

from collections.abc import Container, Sequence

from contracts.partitioner import partition_for
from workers.command.reading import Request
from workers.ports.log import OutboundRecord


def directed(
    requests: Sequence[Request], known: Container[str], partition: int, partitions: int
) -> tuple[list[Request], list[Request]]:
    """Those whose key belongs to `partition`, and those that belong elsewhere. Streams that are `known` belong here."""
    here: list[Request] = []
    elsewhere: list[Request] = []
    for request in requests:
        is_here = request.envelope.subject in known or _place(request, partitions) == partition
        (here if is_here else elsewhere).append(request)
    return here, elsewhere


def redirected(request: Request, topic: str, partitions: int) -> tuple[str, int, OutboundRecord]:
    """The record as it came, for the partition that its key belongs to."""
    record = request.record
    return topic, _place(request, partitions), OutboundRecord(record.key, record.value, record.headers)


def _place(request: Request, partitions: int) -> int:
    return partition_for(request.record.key or b"", partitions)
