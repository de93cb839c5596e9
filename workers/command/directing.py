"""Which commands belong to a lane, and where the others are sent. Pure.

A client may use another partitioner than Kafka's murmur2. The same number of partitions decides here and at the sender,
so a record that was redirected has arrived at its lane and is never redirected again.
"""

from collections.abc import Container, Sequence

from contracts.partitioner import partition_for, partitions_for
from workers.command.reading import Request
from workers.ports.log import OutboundRecord


def directed(
    requests: Sequence[Request], streams_of_lane: Container[str], partition: int, partitions: int
) -> tuple[list[Request], list[Request]]:
    """The requests whose key belongs to `partition`, and the misdirected ones. For a stream in `streams_of_lane` the
    partition is not computed again.
    """
    unseen = {
        request.envelope.subject: request.record.key or b""
        for request in requests
        if request.envelope.subject not in streams_of_lane
    }
    placed = zip(unseen, partitions_for(list(unseen.values()), partitions), strict=True)
    strangers = {stream_id for stream_id, own_partition in placed if own_partition != partition}
    if not strangers:
        return list(requests), []
    own = [request for request in requests if request.envelope.subject not in strangers]
    return own, [request for request in requests if request.envelope.subject in strangers]


def redirected(request: Request, topic: str, partitions: int) -> tuple[str, int, OutboundRecord]:
    """The unchanged record, for the partition that its key belongs to."""
    record = request.record
    partition = partition_for(record.key or b"", partitions)
    return topic, partition, OutboundRecord(record.key, record.value, record.headers)
