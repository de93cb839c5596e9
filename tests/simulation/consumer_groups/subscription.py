"""Membership in a consumer group in memory, as lanes need it: explicit offsets, nothing is committed automatically.

A new partition is paused until its position is set. Records are read from the log, whichever member owns the partition
by then: a member that was evicted and has not learned of it goes on reading, as with Kafka. Fencing guards against it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from infra.memory.broker import NoSuchPartition
from infra.memory.wire import Wire
from tests.simulation.consumer_groups.broker import BrokerWithGroups
from tests.simulation.consumer_groups.group import StaleGeneration, UnknownMember
from tests.simulation.consumer_groups.membership import Listener, Membership
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable
from workers.ports.log import Extent, InboundRecord, Partition, Reach

MAX_FETCH_RECORDS = 500


@dataclass(slots=True)
class ReadPosition:
    """The offset of the next record to read from an assigned partition; None: the group's committed offset."""

    offset: int | None = None
    paused: bool = True


class MemorySubscription:
    """`Subscription` on the in-memory broker, for the process called `member`."""

    def __init__(
        self,
        broker: BrokerWithGroups,
        wire: Wire,
        *,
        group: str,
        topics: Sequence[str],
        clock: Clock,
        session_timeout_seconds: float,
        member: str,
    ) -> None:
        self.absent: frozenset[str] = frozenset()
        self.group = group
        self._broker = broker
        self._wire = wire
        self._topics = tuple(topics)
        self._clock = clock
        self._session_seconds = session_timeout_seconds
        self._member = member
        self._membership: Membership | None = None
        self._task: asyncio.Task[None] | None = None
        self._positions: dict[Partition, ReadPosition] = {}
        self._settled = asyncio.Event()
        self._grown = asyncio.Event()

    @property
    def group_types(self) -> frozenset[str]:
        """All members are of one release here: none knows more than another."""
        return frozenset()

    def require(self, partition: Partition, types: Collection[str]) -> None:
        """Nobody knows more than this member."""

    def leave_to_newer(self, partition: Partition, types: Collection[str]) -> None:
        """Nobody knows more than this member."""

    async def start(self, assigned: Listener, revoked: Listener) -> None:
        async def give_back(partitions: frozenset[Partition]) -> None:
            self._settled.clear()
            await revoked(partitions)

        async def accept(partitions: frozenset[Partition]) -> None:
            self._assign(partitions)
            await assigned(partitions)

        await self._contact_broker()
        self._membership = Membership(
            self._broker,
            self._wire,
            group=self.group,
            name=self._member,
            topics=self._topics,
            session_timeout_seconds=self._session_seconds,
            assigned=accept,
            revoked=give_back,
        )
        self._task = asyncio.create_task(self._membership.run(), name=f"member {self._member} of {self.group}")
        await self._settled.wait()

    async def _contact_broker(self) -> None:
        """The first request to the broker. Raises Unavailable."""
        for topic in self._topics:
            with suppress(NoSuchPartition):
                await self._wire.call("Kafka", partial(self._broker.count, topic))

    def _assign(self, partitions: frozenset[Partition]) -> None:
        self._broker.unlisten(list(self._positions), self._grown.set)
        self._positions = {partition: ReadPosition() for partition in sorted(partitions)}
        self._broker.listen(list(self._positions), self._grown.set)
        self._settled.set()

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None and self._membership is not None:
            task.cancel()
            await asyncio.wait([task])
            await self._membership.leave()
            self._assign(frozenset())

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]:
        """Records of partitions that are not paused. As in the Kafka adapter, no call returns during a rebalance."""
        deadline = self._clock() + wait_seconds
        while True:
            await self._settled.wait()
            self._grown.clear()
            records = await self._read()
            remaining = deadline - self._clock()
            if records or remaining <= 0:
                return records
            try:
                async with asyncio.timeout(remaining):
                    await self._grown.wait()
            except TimeoutError:
                return {}

    async def _read(self) -> dict[Partition, Sequence[InboundRecord]]:
        asked = [
            (partition, position, position.offset)
            for partition, position in self._positions.items()
            if not position.paused
        ]
        if not asked:
            return {}
        wanted = [(partition, offset) for partition, _, offset in asked]
        try:
            answers = await self._wire.call("Kafka", partial(self._broker.fetch, self.group, wanted, MAX_FETCH_RECORDS))
        except Unavailable:
            return {}
        fetched: dict[Partition, Sequence[InboundRecord]] = {}
        for (partition, position, offset), (first_offset, records) in zip(asked, answers, strict=True):
            # Paused, moved or revoked while the request was under way: the answer is dropped.
            if position.paused or position.offset != offset or self._positions.get(partition) is not position:
                continue
            position.offset = first_offset + len(records)
            if records:
                fetched[partition] = records
        return fetched

    def seek(self, partition: Partition, offset: int) -> None:
        if partition in self._positions:
            self._positions[partition].offset = offset
            self._grown.set()

    def pause(self, partition: Partition) -> None:
        if partition in self._positions:
            self._positions[partition].paused = True

    def resume(self, partition: Partition) -> None:
        if partition in self._positions:
            self._positions[partition].paused = False
            self._grown.set()

    async def extents(self, partitions: Sequence[Partition]) -> Mapping[Partition, Extent]:
        return await self._wire.call("Kafka", partial(self._broker.extents, partitions))

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        return await self._wire.call("Kafka", partial(self._broker.hole, partition, first, until))

    async def reach(self, partitions: Sequence[Partition]) -> Mapping[Partition, Reach]:
        self.absent = await self._wire.call("Kafka", partial(self._broker.absent, self._topics))
        asked = [
            (partition, self._positions[partition].offset) for partition in partitions if partition in self._positions
        ]
        return await self._wire.call("Kafka", partial(self._broker.reach, self.group, asked)) if asked else {}

    async def commit_group_offsets(self, offsets: Mapping[Partition, int]) -> None:
        assigned = {partition: offset for partition, offset in offsets.items() if partition in self._positions}
        member = self._membership
        if assigned and member is not None and member.id is not None:
            with suppress(Unavailable, UnknownMember, StaleGeneration):
                commit = partial(self._broker.commit, self.group, member.id, member.generation, assigned)
                await self._wire.call("Kafka", commit)
