"""Watches that reading goes on: liveness is progress.

A Kafka consumer can stop fetching after its broker was restarted and say nothing. So from time to time the lanes that
wait for records are compared with the ends of their partitions; a lane that has something to read and does not move for
several looks in a row means a new start of the whole subscription.
"""

import time
from collections.abc import Sequence

import structlog

from workers import telemetry
from workers.lanes.runner import LaneRunner
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable
from workers.ports.log import Partition, Subscription

LOOK_INTERVAL_SECONDS = 10.0
LOOKS_WITHOUT_PROGRESS = 3

log = structlog.get_logger(__name__)


class Watch:
    """Looks at the lanes of one subscription."""

    def __init__(self, role: str, subscription: Subscription, clock: Clock = time.monotonic) -> None:
        self._role = role
        self._clock = clock
        self._subscription = subscription
        self._looked_at = clock()
        self._stalled: dict[Partition, tuple[int, int]] = {}

    async def look(self, runners: Sequence[LaneRunner]) -> None:
        """Look, if it is time to. Raises Unavailable when reading has stopped."""
        if self._clock() - self._looked_at < LOOK_INTERVAL_SECONDS:
            return
        self._looked_at = self._clock()
        try:
            reached = await self._subscription.reach([runner.partition for runner in runners])
        except Unavailable as error:
            log.debug("no look at the ends of the partitions", role=self._role, reason=str(error))
            return
        waiting = {runner.partition for runner in runners if runner.waits_for_records}
        stalled: dict[Partition, tuple[int, int]] = {}
        for partition, reach in reached.items():
            telemetry.LAG.labels(self._role, *partition).set(max(reach.end - reach.position, 0))
            if reach.end > reach.position and partition in waiting:
                position, looks = self._stalled.get(partition, (reach.position, 0))
                stalled[partition] = (reach.position, looks + 1 if position == reach.position else 1)
        self._stalled = stalled
        for partition, (position, looks) in stalled.items():
            if looks >= LOOKS_WITHOUT_PROGRESS:
                where = f"{partition.topic}/{partition.partition} at offset {position}"
                raise Unavailable("Kafka", f"nothing more is read from {where}; starting over")
