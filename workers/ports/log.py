"""The log: Kafka as the loops see it. Records come in by a group subscription and go out to chosen partitions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.lanes import Unavailable

Headers = Sequence[tuple[str, bytes]]


class Partition(NamedTuple):
    topic: str
    partition: int


class InboundRecord(NamedTuple):
    """A record as it was read. `timestamp` is in milliseconds since 1970.

    `leader_epoch`: under which leader of the partition it was written, or an earlier one; the number grows whenever the
    partition gets another leader, or the same one again after a failure. -1: not known.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int
    leader_epoch: int = -1


class OutboundRecord(NamedTuple):
    """A record to write."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class TopicState(NamedTuple):
    """A topic as it is now. `id` tells it from another of the same name; empty: the server has no ids."""

    id: str
    partitions: int


class Extent(NamedTuple):
    """From where to where a partition reaches now: the offset of its first record, and the one behind its last.

    `leader_epoch`: that of its present leader, -1: not known.
    """

    topic: TopicState
    start: int
    end: int
    leader_epoch: int = -1


class TopicMisfit(Unavailable):
    """A topic cannot be worked on as it is: it is missing, or has another number of partitions than the installation.

    Nothing is lost meanwhile. Somebody has to set the topic right; then the work goes on by itself.
    """

    def __init__(self, topic: str, partitions: int, wanted: int) -> None:
        super().__init__("Kafka", _misfit(topic, partitions, wanted))
        self.topic = topic
        self.partitions = partitions
        self.wanted = wanted

    def __str__(self) -> str:
        return self.explanation


def _misfit(topic: str, partitions: int, wanted: int) -> str:
    if not partitions:
        return f"topic {topic} does not exist; make it: annals topics create"
    return (
        f"topic {topic} has {partitions} partitions, but this installation was laid out with {wanted}, and no stream "
        "may change its lane. Leave ANNALS_PARTITIONS as it is; set the topic right: "
        f"annals topics recreate {topic} --reason ..."
    )


class Tail(NamedTuple):
    """What the end of a log partition says: the highest sequence seen and its offset (0 and -1: none), the end offset.

    `shortened`: the log ends before the mark from which it was to be read: the broker has lost records.
    """

    sequence: int
    offset: int
    end_offset: int
    shortened: bool


class PublishFailed(Exception):
    """The log did not take the records, or did not say so. The producer is not to be trusted: take the lane again."""


class EventLog(Protocol):
    """The append-only log of events."""

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        """Write records in order; returns the offset of the last one once all in-sync replicas have it.

        Raises PublishFailed. Later appends to the partition must wait for this one.
        """
        ...

    async def tail(self, topic: str, partition: int, from_offset: int) -> Tail:
        """Scan a partition from an offset to its present end. Raises Unavailable."""
        ...

    async def topic(self, topic: str) -> TopicState:
        """The topic as it is, or was two seconds ago at most; without partitions when it is not there. Raises
        Unavailable.
        """
        ...

    async def begin_anew(self, topic: str, partition: int) -> None:
        """Of a topic that was made anew: delete what stands there, unless it begins with sequence 1 and is so the first
        part of what the table has. Raises Unavailable.
        """
        ...


class MessageSender(Protocol):
    """Messages for others: replies, follow-up commands, misdirected commands, dead letters. At least once."""

    async def send(self, messages: Sequence[tuple[str, int | None, OutboundRecord]]) -> None:
        """Send records to (topic, partition) and wait until all are acknowledged. Without a partition the key tells it,
        over as many as the installation has.

        Raises Unavailable. A message for a topic or partition that does not exist raises it too.
        """
        ...

    async def send_nowait(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        """Send without waiting for an acknowledgement. For replies.

        Waits, within a bound, while too many are under way; what cannot be delivered in time is dropped and counted.
        """
        ...


class Reach(NamedTuple):
    """How far a subscription has read a partition (the offset of the next record), and how far the partition goes."""

    position: int
    extent: Extent


class Subscription(Protocol):
    """Membership in a consumer group, with explicit offsets only. `absent`: topics that were not there at the last look
    (`reach`); their partitions are nobody's.
    """

    absent: frozenset[str]

    async def start(
        self,
        assigned: Callable[[frozenset[Partition]], Awaitable[None]],
        revoked: Callable[[frozenset[Partition]], Awaitable[None]],
    ) -> None:
        """Join the group. `revoked` may take a bounded time; newly assigned partitions are paused until resumed."""
        ...

    async def stop(self) -> None: ...

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]: ...

    def seek(self, partition: Partition, offset: int) -> None: ...

    def pause(self, partition: Partition) -> None: ...

    def resume(self, partition: Partition) -> None: ...

    async def extents(self, partitions: Sequence[Partition]) -> Mapping[Partition, Extent]:
        """From where to where these partitions reach; those that are not there are left out. Raises Unavailable."""
        ...

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        """The first offsets from `first` to before `until` at which nothing is stored any more, neither a record nor
        the mark of a transaction: where they begin, and where they end. None: there is none. Raises Unavailable.
        """
        ...

    async def reach(self, partitions: Sequence[Partition]) -> Mapping[Partition, Reach]:
        """How far each of these partitions has been read, and how far it goes; of none of them, a look at the topics.

        Raises Unavailable.
        """
        ...

    async def commit_group_offsets(self, offsets: Mapping[Partition, int]) -> None:
        """Tell the group how far it has read, for lag monitors. Failure is harmless and never retried."""
        ...
