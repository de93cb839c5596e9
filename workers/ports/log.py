"""The log: Kafka as the loops see it. Records arrive through a group subscription and go out to given partitions."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from contracts.unreadable_batch import UnreadableBatch
from workers.ports.lanes import Unavailable

Headers = Sequence[tuple[str, bytes]]


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class InboundRecord(NamedTuple):
    """A record as it was read. `timestamp` is in milliseconds since 1970.

    `leader_epoch` is that of the leader under which the record was written, or an earlier one. It grows whenever the
    partition gets another leader, or the same one again after a failure. -1: unknown.

    `unreadable`: the record stands for a batch of records that cannot be read, which is its value. Its offset is the
    last one of the batch. `is_signed`: this installation has written the record, and at this place; known of the log of
    events only.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int
    leader_epoch: int = -1
    unreadable: UnreadableBatch | None = None
    is_signed: bool = False


class OutboundRecord(NamedTuple):
    """A record to write."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class TopicState(NamedTuple):
    """A topic as it is now. `id` distinguishes it from a former topic of this name; empty: the server has no ids."""

    id: str
    partitions: int


class Extent(NamedTuple):
    """The offsets of a partition now: `start` is that of its first record, `end` the one after its last.

    `leader_epoch` is that of its present leader; -1: unknown.
    """

    topic: TopicState
    start: int
    end: int
    leader_epoch: int = -1


class TopicMisfit(Unavailable):
    """A topic is missing or has another number of partitions than the installation, so no lane can work on it.

    Nothing is lost meanwhile. An operator has to correct the topic; the lanes then continue by themselves.
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
        return f"topic {topic} does not exist; create it: annals topics create"
    return (
        f"topic {topic} has {partitions} partitions, but this installation was laid out with {wanted}, and no stream "
        "may change its lane. Leave ANNALS_PARTITIONS as it is and correct the topic: "
        f"annals topics recreate {topic} --reason ..."
    )


class Tail(NamedTuple):
    """The end of a log partition: the highest sequence seen and its offset (0 and -1: none; see tail_scan.py), and the
    end offset.

    `shortened`: the log ends before the mark from which it was to be read, so the broker has lost records.
    """

    sequence: int
    offset: int
    end_offset: int
    shortened: bool


class PublishFailed(Exception):
    """The log did not acknowledge the records. The producer can no longer be trusted: acquire the lane again."""


class EventLog(Protocol):
    """The append-only log of events."""

    async def append(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> int:
        """Write records in order, each signed; return the offset of the last one once all in-sync replicas have it.

        Raises PublishFailed. Later appends to the partition must wait for this one.
        """
        ...

    async def tail(self, topic: str, partition: int, from_offset: int) -> Tail:
        """Scan a partition from an offset to its present end. Raises Unavailable."""
        ...

    async def topic(self, topic: str) -> TopicState:
        """The topic as it is, or was at most two seconds ago; with 0 partitions if it does not exist. Raises
        Unavailable.
        """
        ...

    async def clear_recreated(self, topic: str, partition: int) -> None:
        """Delete the records of a recreated topic, unless they begin with sequence 1: then they are the first part of
        what the table has. Raises Unavailable.
        """
        ...


class MessageSender(Protocol):
    """Sends replies, follow-up commands, redirected commands and dead letters. Delivery is at least once."""

    async def send(self, messages: Sequence[tuple[str, int | None, OutboundRecord]]) -> None:
        """Send each record to its (topic, partition) and wait until all are acknowledged. Without a partition the key
        determines it, over as many partitions as the installation has.

        Raises Unavailable, also for a topic or partition that does not exist.
        """
        ...

    async def send_nowait(self, topic: str, partition: int, records: Sequence[OutboundRecord]) -> None:
        """Send without waiting for an acknowledgement. For replies.

        Waits, within a bound, while too many records are in flight; what cannot be delivered in time is dropped and
        counted.
        """
        ...


class Reach(NamedTuple):
    """How far a subscription has read a partition (the offset of the next record), and the extent of the partition."""

    position: int
    extent: Extent


class SubscriptionLost(Unavailable):
    """The subscription will never recover, even if the server is well: another one is needed."""


class Subscription(Protocol):
    """Membership in a consumer group, with explicit offsets only. `absent` are the topics that did not exist at the
    last call of `reach`; their partitions are assigned to nobody.
    """

    absent: frozenset[str]

    @property
    def group_types(self) -> frozenset[str]:
        """The types of messages that some member of the group knows, this one included."""
        ...

    def require(self, partition: Partition, types: Collection[str]) -> None:
        """From the next rebalance on, the partition goes to a member that knows these types, if there is one."""
        ...

    def leave_to_newer(self, partition: Partition, types: Collection[str]) -> None:
        """As `require`; and if that is news, the group rebalances soon."""
        ...

    async def start(
        self,
        assigned: Callable[[frozenset[Partition]], Awaitable[None]],
        revoked: Callable[[frozenset[Partition]], Awaitable[None]],
    ) -> None:
        """Join the group. `revoked` may take a bounded time. Newly assigned partitions are paused until resumed."""
        ...

    async def stop(self) -> None:
        """Leave the group."""
        ...

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]:
        """The next records of the assigned partitions that are not paused, after at most `wait_seconds`. Raises
        Unavailable, and SubscriptionLost if it will never fetch again.
        """
        ...

    def seek(self, partition: Partition, offset: int) -> None:
        """Read the partition from this offset on."""
        ...

    def pause(self, partition: Partition) -> None:
        """Fetch nothing of the partition until it is resumed."""
        ...

    def resume(self, partition: Partition) -> None:
        """Fetch the partition again."""
        ...

    async def extents(self, partitions: Sequence[Partition]) -> Mapping[Partition, Extent]:
        """The extents of these partitions; those that do not exist are left out. Raises Unavailable."""
        ...

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        """The first run of offsets in [`first`, `until`) at which nothing is stored any more, neither a record nor the
        marker of a transaction: its begin and its end (exclusive). None: there is none. Raises Unavailable.
        """
        ...

    async def reach(self, partitions: Sequence[Partition]) -> Mapping[Partition, Reach]:
        """How far each of these partitions has been read, and its extent; of a partition without unread records, the
        first offset may be an earlier one. Without partitions the topics are still checked (`absent`). Raises
        Unavailable.
        """
        ...

    async def commit_group_offsets(self, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets to the group, for lag monitors only. A failure is harmless and never retried."""
        ...
