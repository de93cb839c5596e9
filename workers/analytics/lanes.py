"""The analytics lanes of one process: they are acquired when their first record or the first look comes, and published
once a second.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import structlog

from contracts.stored_events import NewerRelease
from workers import telemetry
from workers.analytics.gauges import show_windows
from workers.analytics.lane import ROLE, AnalyticsLane
from workers.core.analytics import Metric, Series
from workers.ports.analytics import DatabaseTime
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord
from workers.ports.waiting_lanes import LanePlace, WaitingLanes

LOOK_SECONDS = 10.0
# A consumer may stay without records after its broker was restarted, and nothing tells.
MAX_CATCH_UPS = 3

log = structlog.get_logger(__name__)


class AnalyticsLanes:
    """The lanes that this process holds. Its methods are called one at a time.

    `made(place)` makes a lane that is not acquired yet; `topic_of(context)` names the topic of its events.
    """

    def __init__(
        self,
        made: Callable[[LanePlace], Awaitable[AnalyticsLane]],
        series: Mapping[str, Series],
        metrics: Sequence[Metric],
        waiting: WaitingLanes,
        database_time: DatabaseTime,
        topic_of: Callable[[str], str],
        clock: Clock = time.monotonic,
    ) -> None:
        self._made, self._series, self._metrics = made, series, metrics
        self._waiting, self._database_time, self._clock = waiting, database_time, clock
        self._topic_of = topic_of
        self._lanes: dict[LanePlace, AnalyticsLane] = {}
        self._behind: dict[LanePlace, int] = {}
        self._catch_ups: Counter[LanePlace] = Counter()
        self._left: set[LanePlace] = set()
        self._looked_at: float | None = None
        self._shown: list[tuple[int, int]] = []

    @property
    def moved_at(self) -> float:
        """When a lane wrote something last, by the process's clock; 0.0: there is none. A lane may have millions of
        events to catch up with.
        """
        return max((lane.moved_at for lane in self._lanes.values()), default=0.0)

    def forget(self) -> None:
        """Drop all lanes: other processes may have them from now on."""
        self._lanes.clear()
        self._behind.clear()
        self._catch_ups.clear()
        self._left.clear()
        self._looked_at = None
        for context in {series.context for series in self._series.values()}:
            telemetry.LANES_HELD.labels(ROLE, self._topic_of(context)).set(0)

    async def handle(self, records: Mapping[LanePlace, Sequence[InboundRecord]]) -> None:
        """Apply these records, which follow one another in each lane. Raises Unavailable and PublishFailed."""
        for place, batch in records.items():
            if place in self._left:
                continue
            started = self._clock()
            try:
                await (await self._lane(place)).handle(batch)
            except NewerRelease as error:
                self._leave(place, error)
                continue
            del self._catch_ups[place]
            telemetry.BATCH_RECORDS.labels(ROLE).observe(len(batch))
            telemetry.BATCH_SECONDS.labels(ROLE).observe(self._clock() - started)

    async def tend(self, assigned: Collection[LanePlace]) -> None:
        """Called about once a second: publish what has changed. Once in ten seconds, apply what the event table has and
        the log does not bring, and close the windows of lanes where nothing happens. Raises as `handle`, and
        Unavailable when the log brings nothing for long: another consumer may get it.
        """
        now = self._clock()
        is_look = self._looked_at is None or now - self._looked_at >= LOOK_SECONDS
        quiet = await self._look(assigned) if is_look else {}
        for place, lane in self._lanes.items():
            await lane.publish(quiet.get(place))
        if is_look:
            self._looked_at = now
            self._show()

    async def _look(self, assigned: Collection[LanePlace]) -> Mapping[LanePlace, int]:
        """The time of the look, in milliseconds since 1970, for those lanes that have nothing to apply."""
        lanes = {place: await self._lane(place) for place in sorted(assigned) if place not in self._left}
        now_ms = int((await self._database_time.now()).timestamp() * 1000)
        ahead = await self._waiting.ahead({place: lane.position for place, lane in lanes.items()})
        behind = {place: lanes[place].position for place in ahead}
        for place, position in behind.items():
            # What is unread now and was at the last look is what the log does not bring.
            if self._behind.get(place) == position:
                what = "the log does not bring events that the table has; they are read from the table"
                log.error(what, role=ROLE, context=place.context, partition=place.partition)
                try:
                    await lanes[place].catch_up()
                except NewerRelease as error:
                    self._leave(place, error)
                    continue
                self._catch_ups[place] += 1
                if self._catch_ups[place] >= MAX_CATCH_UPS:
                    raise Unavailable("Kafka", "the consumer brings none of the events that the table has")
        self._behind = behind
        return {place: now_ms for place in lanes if place not in ahead}

    def _leave(self, place: LanePlace, error: NewerRelease) -> None:
        """The lane stands still here, and the others go on. Nothing is lost: it continues behind its position."""
        self._left.add(place)
        advice = "upgrade this worker: the lane waits for a newer release"
        log.error("lane left to a newer release", role=ROLE, **place._asdict(), reason=error.explanation, advice=advice)

    async def _lane(self, place: LanePlace) -> AnalyticsLane:
        if place not in self._lanes:
            lane = await self._made(place)
            await lane.acquire(int((await self._database_time.now()).timestamp()))
            log.info("lane acquired", role=ROLE, context=place.context, partition=place.partition, at=lane.position)
            self._lanes[place] = lane
            telemetry.TAKEOVERS.labels(ROLE, self._topic_of(place.context)).inc()
            count = sum(other.context == place.context for other in self._lanes)
            telemetry.LANES_HELD.labels(ROLE, self._topic_of(place.context)).set(count)
        return self._lanes[place]

    def _show(self) -> None:
        lanes = list(self._lanes.values())
        state = [(lane.position, lane.closed_until_ms) for lane in lanes]
        if state != self._shown:
            self._shown = state
            show_windows(self._metrics, self._series, lanes)
