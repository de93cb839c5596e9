"""A lane's work and its subscription, as fakes that follow a test's script."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from workers.ports.lanes import Interruption, Unavailable
from workers.ports.log import Extent, InboundRecord, Partition, Reach, TopicState

PARTITION = Partition("users.commands", 0)
Listener = Callable[[frozenset[Partition]], Awaitable[None]]


def records(
    first: int,
    until: int,
    partition: Partition = PARTITION,
    value: bytes = b"{}",
    timestamp: int = 0,
    leader_epoch: int = -1,
) -> list[InboundRecord]:
    """Records with the offsets from `first` up to, not including, `until`."""
    return [
        InboundRecord(*partition, offset, b"ada", value, (), timestamp, leader_epoch) for offset in range(first, until)
    ]


class WorkOnScript:
    """`LaneWork` that keeps the offset behind what it has handled, and what was asked of it in `journal`.

    `faults` are raised by the methods of that name, one a call. `going`: cleared, a batch does not end. Steps stand in
    `taken_at` and `dropped_at` with the loop's time in seconds.
    """

    required_types: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.handled: list[int] = []
        self.batches: list[int] = []
        self.consumed = 0
        self.topic_id = ""
        self.last_timestamp = 0
        self.can_read_the_table = False
        self.is_interrupted = False
        self.interruptions: list[Interruption] = []
        self.faults: dict[str, list[Any]] = {}
        self.going = asyncio.Event()
        self.going.set()
        self.taken_at: list[float] = []
        self.dropped_at: list[float] = []

    async def acquire(self) -> int:
        self._note("acquire")
        self.taken_at.append(asyncio.get_running_loop().time())
        return self.consumed

    async def rebase(self, offset: int, topic_id: str, interruption: Interruption | None) -> None:
        self.consumed, self.topic_id, self.last_timestamp = offset, topic_id, 0
        if interruption is not None:
            self.interruptions.append(interruption)
            self.is_interrupted = True

    async def examine(self) -> None:
        self._note("examine")

    async def handle(self, batch: Sequence[InboundRecord]) -> None:
        self._note("handle")
        await asyncio.sleep(0)
        await self.going.wait()
        self.handled += [record.offset for record in batch]
        self.batches.append(len(batch))
        self.consumed, self.last_timestamp = batch[-1].offset + 1, batch[-1].timestamp
        self.journal.append("handled")

    async def idle(self) -> None:
        self._note("idle")

    async def release(self) -> None:
        self._note("release")

    def abandon(self) -> None:
        self.journal.append("abandon")
        self.dropped_at.append(asyncio.get_running_loop().time())

    def _note(self, step: str) -> None:
        self.journal.append(step)
        if self.faults.get(step):
            raise self.faults[step].pop(0)


class SubscriptionInMemory:
    """`Subscription` to topics in memory, for one member whose partitions the test gives and takes.

    `frozen`: it fetches nothing more, and says nothing of it. `ends_unknown`: it cannot tell how far topics go.
    `states`: topics by name, others have no id and as many partitions as anybody wants; `starts`: first offsets;
    `gone`: the stretch of a partition from the middle of which records were taken.
    `on_stop` is called when the group is left.
    """

    def __init__(self) -> None:
        self.absent: frozenset[str] = frozenset()
        self.states: dict[str, TopicState] = {}
        self.starts: dict[Partition, int] = {}
        self.gone: dict[Partition, tuple[int, int]] = {}
        self.leader_epochs: dict[Partition, int] = {}
        self.topics: dict[Partition, list[InboundRecord]] = {}
        self.position: dict[Partition, int] = {}
        self.paused: set[Partition] = set()
        self.steps: list[tuple[str, Partition]] = []
        self.group_offsets: list[Mapping[Partition, int]] = []
        self.faults: list[Exception] = []
        self.refuses_to_start = False
        self.frozen = False
        self.stopped = False
        self.on_stop: Callable[[], None] = lambda: None
        self.ends_unknown = False
        self.started = asyncio.Event()
        self._changed = asyncio.Event()
        self._assigned: Listener | None = None
        self._revoked: Listener | None = None
        self.group_types: frozenset[str] = frozenset()
        self.required: list[tuple[Partition, frozenset[str]]] = []
        self.left: list[tuple[Partition, frozenset[str]]] = []

    def require(self, partition: Partition, types: Collection[str]) -> None:
        self.required.append((partition, frozenset(types)))

    def leave_to_newer(self, partition: Partition, types: Collection[str]) -> None:
        self.left.append((partition, frozenset(types)))

    async def start(self, assigned: Listener, revoked: Listener) -> None:
        if self.refuses_to_start:
            raise Unavailable("Kafka", "away for the test")
        self._assigned, self._revoked = assigned, revoked
        self.started.set()

    async def stop(self) -> None:
        self.stopped = True
        self.on_stop()

    async def give(self, *partitions: Partition) -> None:
        """As the group does: a new partition is paused, and stands where the reset policy has put it."""
        assert self._assigned is not None
        self.paused |= set(partitions)
        self.position |= dict.fromkeys(partitions, 0)
        await self._assigned(frozenset(partitions))

    async def revoke(self, *partitions: Partition) -> None:
        assert self._revoked is not None
        await self._revoked(frozenset(partitions))
        for partition in partitions:
            del self.position[partition]

    def write(self, partition: Partition, count: int) -> None:
        kept = self.topics.setdefault(partition, [])
        kept += records(len(kept), len(kept) + count, partition)
        self._changed.set()

    def recreate(self, partition: Partition, count: int) -> None:
        """Another topic of this name, with so many records. A reader behind its end reads from its beginning."""
        number = self._state(partition.topic).id.removeprefix("topic-") or "0"
        self.states[partition.topic] = TopicState(f"topic-{int(number) + 1}", 1)
        self.topics[partition] = []
        self.write(partition, count)

    def _state(self, topic: str) -> TopicState:
        return self.states.get(topic, TopicState("", 1))

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]:
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        records_by_partition = self._ready()
        if not records_by_partition:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._changed.wait()
            records_by_partition = self._ready()
        for partition, fetched in records_by_partition.items():
            self.position[partition] = fetched[-1].offset + 1
        return records_by_partition

    def _ready(self) -> dict[Partition, list[InboundRecord]]:
        open_ones = [] if self.frozen else [partition for partition in self.position if partition not in self.paused]
        records_by_partition = {partition: self._kept(partition, self.position[partition]) for partition in open_ones}
        return {partition: kept for partition, kept in records_by_partition.items() if kept}

    def _kept(self, partition: Partition, position: int) -> list[InboundRecord]:
        """The records from a position on; from the first, where the partition does not have that offset."""
        kept, start = self.topics.get(partition, []), self.starts.get(partition, 0)
        return kept[position if start <= position <= len(kept) else start :]

    def seek(self, partition: Partition, offset: int) -> None:
        self.steps.append((f"seek {offset}", partition))
        self.position[partition] = offset
        self._changed.set()

    def pause(self, partition: Partition) -> None:
        self.steps.append(("pause", partition))
        self.paused.add(partition)

    def resume(self, partition: Partition) -> None:
        self.steps.append(("resume", partition))
        self.paused.discard(partition)
        self._changed.set()

    async def reach(self, partitions: Sequence[Partition]) -> Mapping[Partition, Reach]:
        await asyncio.sleep(0)
        self.steps += [("look", partition) for partition in partitions]
        if self.ends_unknown:
            raise Unavailable("Kafka", "away for the test")
        return {partition: Reach(self.position[partition], self._extent(partition)) for partition in partitions}

    async def extents(self, partitions: Sequence[Partition]) -> Mapping[Partition, Extent]:
        await asyncio.sleep(0)
        return {
            partition: self._extent(partition) for partition in partitions if self._state(partition.topic).partitions
        }

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        await asyncio.sleep(0)
        self.steps.append((f"look from {first} to {until}", partition))
        begin, end = self.gone.get(partition, (until, until))
        return (max(begin, first), min(end, until)) if begin < until and end > first else None

    def _extent(self, partition: Partition) -> Extent:
        start, end = self.starts.get(partition, 0), len(self.topics.get(partition, ()))
        return Extent(self._state(partition.topic), start, end, self.leader_epochs.get(partition, -1))

    async def commit_group_offsets(self, offsets: Mapping[Partition, int]) -> None:
        self.group_offsets.append(dict(offsets))
