"""Membership in a consumer group in memory, as lanes need it: explicit offsets, nothing committed by itself.

A new partition is paused until its position is set. What is fetched is fetched from the log, whoever owns the partition
by then: a member that was evicted and has not learned of it goes on reading, as with Kafka, and fencing is for that.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from infra.memory.broker import Broker, NoSuchPartition
from infra.memory.group import StaleGeneration, UnknownMember
from infra.memory.membership import Listener, Membership
from infra.memory.wire import Wire
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable
from workers.ports.log import Extent, InboundRecord, Partition, Reach

MAX_FETCH_RECORDS = 500


@dataclass(slots=True)
class Place:
    """Where reading goes on in a partition that is held; None: where the group stands."""

    position: int | None = None
    paused: bool = True


class MemorySubscription:
    """`Subscription` on the broker's twin, for the process called `member`."""

    def __init__(
        self,
        broker: Broker,
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
        self._places: dict[Partition, Place] = {}
        self._settled = asyncio.Event()
        self._grown = asyncio.Event()

    async def start(self, assigned: Listener, revoked: Listener) -> None:
        async def give_back(partitions: frozenset[Partition]) -> None:
            self._settled.clear()
            await revoked(partitions)

        async def hold(partitions: frozenset[Partition]) -> None:
            self._hold(partitions)
            await assigned(partitions)

        await self._known_topics()
        self._membership = Membership(
            self._broker,
            self._wire,
            group=self.group,
            name=self._member,
            topics=self._topics,
            session_timeout_seconds=self._session_seconds,
            assigned=hold,
            revoked=give_back,
        )
        self._task = asyncio.create_task(self._membership.run(), name=f"member {self._member} of {self.group}")
        await self._settled.wait()

    async def _known_topics(self) -> None:
        """The first word with the broker. Raises Unavailable."""
        for topic in self._topics:
            with suppress(NoSuchPartition):
                await self._wire.call("Kafka", partial(self._broker.count, topic))

    def _hold(self, partitions: frozenset[Partition]) -> None:
        self._broker.unlisten(list(self._places), self._grown.set)
        self._places = {partition: Place() for partition in sorted(partitions)}
        self._broker.listen(list(self._places), self._grown.set)
        self._settled.set()

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None and self._membership is not None:
            task.cancel()
            await asyncio.wait([task])
            await self._membership.leave()
            self._hold(frozenset())

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]:
        """Records of partitions that are open. As with the real one, no call returns during a rebalance."""
        deadline = self._clock() + wait_seconds
        while True:
            await self._settled.wait()
            self._grown.clear()
            found = await self._read()
            remaining = deadline - self._clock()
            if found or remaining <= 0:
                return found
            try:
                async with asyncio.timeout(remaining):
                    await self._grown.wait()
            except TimeoutError:
                return {}

    async def _read(self) -> dict[Partition, Sequence[InboundRecord]]:
        asked = [(partition, place, place.position) for partition, place in self._places.items() if not place.paused]
        if not asked:
            return {}
        wanted = [(partition, position) for partition, _, position in asked]
        try:
            answers = await self._wire.call("Kafka", partial(self._broker.fetch, self.group, wanted, MAX_FETCH_RECORDS))
        except Unavailable:
            return {}
        found: dict[Partition, Sequence[InboundRecord]] = {}
        for (partition, place, position), (offset, records) in zip(asked, answers, strict=True):
            # Paused, moved or lost while the question was under way: the answer is nobody's.
            if place.paused or place.position != position or self._places.get(partition) is not place:
                continue
            place.position = offset + len(records)
            if records:
                found[partition] = records
        return found

    def seek(self, partition: Partition, offset: int) -> None:
        if partition in self._places:
            self._places[partition].position = offset
            self._grown.set()

    def pause(self, partition: Partition) -> None:
        if partition in self._places:
            self._places[partition].paused = True

    def resume(self, partition: Partition) -> None:
        if partition in self._places:
            self._places[partition].paused = False
            self._grown.set()

    async def extents(self, partitions: Sequence[Partition]) -> Mapping[Partition, Extent]:
        return await self._wire.call("Kafka", partial(self._broker.extents, partitions))

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        return await self._wire.call("Kafka", partial(self._broker.hole, partition, first, until))

    async def reach(self, partitions: Sequence[Partition]) -> Mapping[Partition, Reach]:
        self.absent = await self._wire.call("Kafka", partial(self._broker.absent, self._topics))
        places = [(each, self._places[each].position) for each in partitions if each in self._places]
        return await self._wire.call("Kafka", partial(self._broker.reach, self.group, places)) if places else {}

    async def commit_group_offsets(self, offsets: Mapping[Partition, int]) -> None:
        held = {partition: offset for partition, offset in offsets.items() if partition in self._places}
        member = self._membership
        if held and member is not None and member.id is not None:
            with suppress(Unavailable, UnknownMember, StaleGeneration):
                commit = partial(self._broker.commit, self.group, member.id, member.generation, held)
                await self._wire.call("Kafka", commit)
