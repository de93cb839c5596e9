"""Watches how far the lanes are behind, whether their topics have changed, and whether the consumer still fetches.

A Kafka consumer can silently stop fetching after its broker was restarted. So the lanes that wait for records are
regularly compared with the ends of their partitions. If a lane has records to read and does not move for several looks
in a row, the whole subscription is started again.

The lag in seconds is for people only: no decision of a lane depends on the time of day.
"""

import time
from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import Gauge

from workers import telemetry
from workers.lanes.runner import LaneRunner
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable
from workers.ports.log import Partition, Reach, Subscription

LOOK_INTERVAL_SECONDS = 2.0
# Looks are a third of what an idle process asks of the log. When the last one has found nothing to read and nothing
# changed, and nothing was fetched since, the next one comes after this many intervals.
INTERVALS_AT_REST = 2.5
LOOKS_WITHOUT_PROGRESS = 15
# A lane that is further behind is still catching up.
CAUGHT_UP_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Watch:
    """Looks at the lanes of one subscription. `sees_the_log`: the last look has seen where their topics end."""

    def __init__(
        self, role: str, subscription: Subscription, clock: Clock = time.monotonic, follower: str = ""
    ) -> None:
        self._role = role
        self._follower = follower
        self._clock = clock
        self._subscription = subscription
        self.sees_the_log = False
        self._looked_at: float | None = None
        self._absent: frozenset[str] = frozenset()
        self._stalled: dict[Partition, tuple[int, int]] = {}
        self._fetched_to: Mapping[Partition, int] = {}
        self._reached: Mapping[Partition, Reach] = {}
        self._is_at_rest = False

    async def look(self, runners: Sequence[LaneRunner]) -> None:
        """Look if it is time to. Raises Unavailable if the consumer has stopped fetching."""
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < LOOK_INTERVAL_SECONDS:
            return
        fetched_to = {runner.partition: runner.fetched_to for runner in runners}
        if self._may_rest(now, fetched_to):
            return
        self._looked_at, self._fetched_to, self._is_at_rest = now, fetched_to, False
        try:
            reached = await self._subscription.reach([runner.partition for runner in runners])
        except Unavailable as error:
            log.debug("the ends of the partitions could not be read", role=self._role, reason=str(error))
            self.sees_the_log = False
            for runner in runners:
                self._gauge(telemetry.CAUGHT_UP, runner).set(0)  # unknown, as the log does not answer
            return
        self.sees_the_log = True
        self._is_at_rest = reached == self._reached and all(
            reach.extent.end <= reach.position for reach in reached.values()
        )
        self._reached = reached
        self._report_absent_topics()
        by_partition = {runner.partition: runner for runner in runners}
        waiting = {runner.partition for runner in runners if runner.waits_for_records}
        stalled: dict[Partition, tuple[int, int]] = {}
        for partition, reach in reached.items():
            runner, end = by_partition[partition], reach.extent.end
            runner.compare(reach.extent, fetched_to[partition])
            self._note_lag(runner, end)
            if end > reach.position and partition in waiting:
                position, looks = self._stalled.get(partition, (reach.position, 0))
                stalled[partition] = (reach.position, looks + 1 if position == reach.position else 1)
        self._stalled = stalled
        for partition, (position, looks) in stalled.items():
            if looks >= LOOKS_WITHOUT_PROGRESS:
                where = f"{partition.topic}/{partition.partition} at offset {position}"
                raise Unavailable("Kafka", f"the consumer has stopped fetching from {where}; starting again")

    def _may_rest(self, now: float, fetched_to: Mapping[Partition, int]) -> bool:
        if self._looked_at is None or not self._is_at_rest or fetched_to != self._fetched_to:
            return False
        return now - self._looked_at < LOOK_INTERVAL_SECONDS * INTERVALS_AT_REST

    def _report_absent_topics(self) -> None:
        absent = self._subscription.absent
        if absent != self._absent:
            self._absent = absent
            for topic in sorted(absent):
                log.error("a topic does not exist", role=self._role, topic=topic, advice="annals topics create")

    def soon(self) -> None:
        """Look at the next opportunity, as the lanes have changed."""
        self._looked_at = None

    def _gauge(self, gauge: Gauge, runner: LaneRunner) -> Gauge:
        return gauge.labels(self._role, self._follower, *runner.partition)

    def _note_lag(self, runner: LaneRunner, end: int) -> None:
        """Set the lag in records, and in seconds since the oldest of them was written."""
        behind = max(end - runner.next_offset, 0)
        self._gauge(telemetry.LAG, runner).set(behind)
        self._gauge(telemetry.INTERRUPTED, runner).set(runner.work.is_interrupted)
        written_at = runner.oldest_waiting_ms
        if behind == 0:
            seconds = 0.0
        elif written_at is None:
            return
        else:
            seconds = max(time.time() - written_at / 1000, 0.0)
        self._gauge(telemetry.LAG_SECONDS, runner).set(seconds)
        self._gauge(telemetry.CAUGHT_UP, runner).set(seconds <= CAUGHT_UP_SECONDS)
