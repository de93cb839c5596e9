"""Which commands belong to a lane, and where the others are sent. Pure.

A client may use another partitioner than Kafka's murmur2. The same number of partitions decides here and at the sender,
so a record that was redirected has arrived at its lane and is never redirected again.
"""

from collections.abc import Container, Sequence

from contracts.partitioner import partition_for
from workers.command.reading import Request
from workers.ports.log import OutboundRecord


def directed(
    requests: Sequence[Request], streams_of_lane: Container[str], partition: int, partitions: int
) -> tuple[list[Request], list[Request]]:
    """The requests whose key belongs to `partition`, and the misdirected ones. For a stream in `streams_of_lane` the
    partition is not computed again.
    """
    own: list[Request] = []
    misdirected: list[Request] = []
    for request in requests:
        is_own = request.envelope.subject in streams_of_lane or _partition(request, partitions) == partition
        (own if is_own else misdirected).append(request)
    return own, misdirected


def redirected(request: Request, topic: str, partitions: int) -> tuple[str, int, OutboundRecord]:
    """The unchanged record, for the partition that its key belongs to."""
    record = request.record
    return topic, _partition(request, partitions), OutboundRecord(record.key, record.value, record.headers)


def _partition(request: Request, partitions: int) -> int:
    return partition_for(request.record.key or b"", partitions)
