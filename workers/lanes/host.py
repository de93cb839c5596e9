"""The lanes of one process: joins the consumer group, starts a runner for each assigned partition, feeds the runners,
and releases the lanes when they are revoked or the process stops.

Sequential within a lane, concurrent across lanes, bounded everywhere. The rebalance listener waits for runners only,
and runners never wait for a fetch, so a rebalance always ends.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from workers.background import in_background
from workers.lanes.idle import IdleLook, look_after, until_next
from workers.lanes.runner import LaneRunner
from workers.lanes.watch import Watch
from workers.lanes.work import LaneWork
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable
from workers.ports.log import Partition, Subscription, SubscriptionLost

FETCH_WAIT_SECONDS = 0.5
COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS = 5.0
RELEASE_TIMEOUT_SECONDS = 10.0
RETRY_DELAY_SECONDS = 0.5
# Longer than any bounded wait of a batch, and longer than it takes to read the tail of a log.
LIVENESS_SECONDS = 300.0
# A consumer that has failed for so long may never recover, even if its broker is well: the process starts another one.
MAX_FETCH_FAILURE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class LaneHost:
    """Holds the lanes of one role in this process until it is told to stop."""

    def __init__(
        self,
        role: str,
        subscription: Subscription,
        work_for: Callable[[Partition], LaneWork],
        clock: Clock = time.monotonic,
        partitions: int | None = None,
        idle_look: IdleLook | None = None,
        follower: str = "",
        rhythm: Callable[[float], float] = until_next,
    ) -> None:
        """`partitions` is the number that each topic must have; None: any number. Without an `idle_look` (idle.py) each
        lane looks by itself whether there is something to do without records. `follower` tells hosts of one role and
        topic apart where their lanes are measured. `rhythm`: how long to wait now for what is done once in so many
        seconds.
        """
        self.role, self._follower = role, follower
        self._subscription = subscription
        self._work_for = work_for
        self._clock = clock
        self._partitions = partitions
        self._idle_look = idle_look
        self._rhythm = rhythm
        self._runners: dict[Partition, LaneRunner] = {}
        self._ending: list[asyncio.Future[None]] = []
        self._stopping = asyncio.Event()
        self._committed_at = self._turned_at = clock()
        self._joined = False
        self._failing_since: float | None = None
        self._watch = Watch(role, subscription, clock, follower)

    @property
    def holding(self) -> bool:
        """Whether the process is in the group and holds every lane assigned to it; of more processes than lanes some
        hold none.
        """
        return self._joined and all(runner.active for runner in self._runners.values())

    @property
    def ready(self) -> bool:
        """Whether the process serves: it holds the lanes that the group has given it, however many, it reads, and no
        topic is missing. How far the lanes are behind is a metric, or a backlog would hold up every rollout.
        """
        reads = self._watch.sees_the_log and self._failing_since is None and not self._subscription.absent
        return reads and self.holding and not any(runner.has_failed for runner in self._runners.values())

    @property
    def alive(self) -> bool:
        """Whether there is progress: the process reads or waits for a server, and no lane is stuck in a batch."""
        oldest = min([self._turned_at, *(runner.moved_at for runner in self._runners.values())])
        return self._clock() - oldest <= LIVENESS_SECONDS

    @property
    def partitions(self) -> frozenset[Partition]:
        """The partitions assigned to this process."""
        return frozenset(self._runners)

    def stop(self) -> None:
        """Ask `run` to release the lanes and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Join the group and work until `stop`. Raises Unavailable if it cannot be joined, or not be read for long."""
        looking = None
        try:
            await self._subscription.start(self._assigned, self._revoked)
            looking = self._look_after_idle_lanes()
            while not self._stopping.is_set():
                self._turned_at = self._clock()
                await self._fetch()
                await self._commit_group_offsets()
                await self._look()
        finally:
            self._stopping.set()  # also after an error: lanes that the group gives from now on are not begun
            if looking is not None:
                looking.cancel()
            await self._release(frozenset(self._runners))
            await self._subscription.stop()

    def _look_after_idle_lanes(self) -> asyncio.Task[None] | None:
        if self._idle_look is None:
            return None
        looking = look_after(self.role, self._runners.values, self._idle_look, self._rhythm)
        return in_background(looking, f"idle lanes of {self.role}")

    async def _fetch(self) -> None:
        try:
            fetched = await self._subscription.fetch(self._rhythm(FETCH_WAIT_SECONDS))
        except SubscriptionLost:
            raise
        except Unavailable as error:
            log.warning("fetch failed", role=self.role, reason=str(error))
            if self._failing_since is None:
                self._failing_since = self._clock()
            if self._clock() - self._failing_since >= MAX_FETCH_FAILURE_SECONDS:
                raise
            await asyncio.sleep(RETRY_DELAY_SECONDS)
            return
        self._failing_since = None
        for partition, records in fetched.items():
            runner = self._runners.get(partition)
            if runner is not None:
                runner.offer(records)

    async def _commit_group_offsets(self) -> None:
        now = self._clock()
        if now - self._committed_at < COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS:
            return
        self._committed_at = now
        await self._subscription.commit_group_offsets(
            {runner.partition: runner.next_offset for runner in self._runners.values() if runner.active}
        )

    async def _look(self) -> None:
        if self.holding:
            await self._watch.look(list(self._runners.values()))

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        if self._stopping.is_set():
            return  # nobody would end these lanes, and they would take themselves from their next owner
        log.info("lanes assigned", role=self.role, partitions=_readable(partitions))
        for partition in sorted(partitions):
            work = self._work_for(partition)
            runner = LaneRunner(
                self.role,
                partition,
                work,
                self._subscription,
                self._clock,
                self._partitions,
                is_looked_after=self._idle_look is not None,
                follower=self._follower,
            )
            self._runners[partition] = runner
            runner.start()
        self._joined = True
        self._watch.soon()

    async def _revoked(self, partitions: frozenset[Partition]) -> None:
        if partitions:
            log.info("lanes revoked", role=self.role, partitions=_readable(partitions))
        self._joined = False
        await self._release(partitions)

    async def _release(self, partitions: frozenset[Partition]) -> None:
        """Release these lanes, and wait for those that are being released too: a member that stops may be asked to join
        again meanwhile, and who joins lets the group give its lanes to others.
        """
        runners = [self._runners.pop(partition) for partition in sorted(partitions) if partition in self._runners]
        for runner in runners:
            self._subscription.require(runner.partition, runner.work.required_types)
        self._ending += [asyncio.ensure_future(runner.stop(RELEASE_TIMEOUT_SECONDS)) for runner in runners]
        ending = list(self._ending)
        try:
            await asyncio.gather(*ending)
        finally:
            self._ending = [task for task in self._ending if task not in ending]


def _readable(partitions: frozenset[Partition]) -> list[str]:
    return sorted(f"{partition.topic}/{partition.partition}" for partition in partitions)
