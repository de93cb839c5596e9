"""The analytics worker: a Faust app whose one agent gives the events of each partition to its lane."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import structlog
from faust.types import TP, EventT

from contracts.signatures import SignatureSource
from contracts.topics import Topics
from infra.faust.app import AnalyticsApp
from infra.faust.table import PartitionTable, PartitionWindows, changelog_table
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.settings import Settings
from workers import telemetry
from workers.analytics.lane import ROLE, AnalyticsLane, TopicIds
from workers.analytics.lanes import AnalyticsLanes
from workers.analytics.metrics import RECOVERIES
from workers.background import in_background
from workers.ports.analytics import AnalyticsTable, WindowTopic
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord, PublishFailed
from workers.ports.waiting_lanes import LanePlace

BATCH_RECORDS = 1000
# A batch that is not full is applied after so long: windows are published once a second anyway.
BATCH_SECONDS = 0.5
TEND_SECONDS = 1.0
# Most rebalances take less; in one that takes longer a member that joins again does no harm.
MAX_STANDSTILL_SECONDS = 20.0
STOP_SECONDS = 10.0
LIVENESS_SECONDS = 300.0
CHECK_SECONDS = 10.0

LaneFor = Callable[[LanePlace, AnalyticsTable, WindowTopic, TopicIds], AnalyticsLane]
LanesFor = Callable[[Any], AnalyticsLanes]

log = structlog.get_logger(__name__)


class AnalyticsWorker:
    """Holds the lanes that Faust assigns to this process, until it is told to stop. It runs once.

    `lane_for` makes a lane; `lanes_for` makes all lanes of a process, given what makes one.
    """

    def __init__(
        self,
        settings: Settings,
        contexts: Collection[str],
        lane_for: LaneFor,
        lanes_for: LanesFor,
        signed_by: SignatureSource,
    ) -> None:
        self._topics = Topics(settings.topic_prefix)
        self._inputs = {self._topics.events(context): context for context in contexts}
        self._lane_for, self._signed_by = lane_for, signed_by
        self._lanes = lanes_for(self._made)
        self._log = KafkaEventLog(settings, signed_by=None)
        self._busy = asyncio.Lock()
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self._moved_at = self._checked_at = time.monotonic()
        self._topic_ids: dict[str, str] = {}
        self._read_to: dict[TP, int] = {}
        self._app = AnalyticsApp(settings)
        self._store = changelog_table(self._app, self._topics)

    @property
    def ready(self) -> bool:
        """Whether the tables are read, and the events of the assigned partitions are followed."""
        return self._failure is None and self._app.is_following

    @property
    def alive(self) -> bool:
        """Whether there is progress: lanes are tended, or the worker waits for a server."""
        return time.monotonic() - max(self._moved_at, self._lanes.moved_at) <= LIVENESS_SECONDS

    def stop(self) -> None:
        """Ask `run` to leave the group and return."""
        self._ended.set()

    async def run(self) -> None:
        """Join the group and work until `stop`. Raises Unavailable, or what else has ended it before. Never waits for
        Faust without a bound.
        """
        app = self._app
        channel = app.topic(
            *self._inputs, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )
        app.agent(channel, name=ROLE)(self._follow)
        app.on_partitions_revoked.connect(self._revoked)
        app.recognize(await self._signed_by.current())
        self._topic_ids = await self._read_topic_ids()
        starting = asyncio.create_task(app.start(), name="analytics: start Faust")
        tending = in_background(self._tend(starting), "analytics: publish and look")
        try:
            await self._ended.wait()
        finally:
            tending.cancel()
            starting.cancel()
            await self._close()
        if self._failure is not None:
            raise self._failure

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._app.stop()
        except TimeoutError:
            log.warning("Faust did not stop in time")
        finally:
            self._lanes.forget()
            await self._log.stop()

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = _sorted(error)
        self._ended.set()

    async def _follow(self, stream: Any) -> None:
        """Faust's agent. Records count as read once their events are applied and written; after any error the worker
        ends, and the next one begins where the table says.
        """
        async for events in stream.take_events(BATCH_RECORDS, within=BATCH_SECONDS):
            if self._failure is None:
                try:
                    async with self._busy:
                        await self._lanes.handle(self._by_place(events))
                        self._moved_at = time.monotonic()
                except Exception as error:  # noqa: BLE001  # whatever it is, the worker begins anew
                    self._fail(error)
            if self._failure is not None:
                await asyncio.Event().wait()  # until Faust cancels this task: nothing after it may count as read

    def _by_place(self, events: Sequence[EventT[Any]]) -> dict[LanePlace, list[InboundRecord]]:
        """The records by their lane, without those from before the partitions were assigned anew."""
        by_place: dict[LanePlace, list[InboundRecord]] = {}
        for event in events:
            message: Any = event.message
            if message.generation_id == self._app.consumer_generation_id:
                place = LanePlace(self._inputs[message.topic], message.partition)
                by_place.setdefault(place, []).append(InboundRecord._make(message.record))
                self._read_to[message.tp] = message.offset + 1
        return by_place

    async def _made(self, place: LanePlace) -> AnalyticsLane:
        table = PartitionTable(self._store, place.partition, self._topics.analytics_changelog, self._log)
        await table.write_outdated_again()
        windows = PartitionWindows(place.partition, self._topics.analytics_windows, self._log)
        ids = [self._topic_ids[topic] for topic in (self._topics.analytics_changelog, self._topics.analytics_windows)]
        return self._lane_for(place, table, windows, TopicIds(*ids))

    async def _revoked(self, *_: Any, **__: Any) -> None:
        """What is being applied is finished before another process has the partitions."""
        async with self._busy:
            self._lanes.forget()
            for place in self._read_to:
                with suppress(KeyError):
                    telemetry.LAG.remove(ROLE, "", *map(str, place))
            self._read_to.clear()
        RECOVERIES.inc()

    async def _tend(self, starting: "asyncio.Task[None]") -> None:
        progress, moved_at = 0, time.monotonic()
        while self._failure is None:
            await asyncio.sleep(TEND_SECONDS)
            try:
                if self._app.crash_reason is not None:
                    raise self._app.crash_reason
                if starting.done():
                    starting.result()
                if self._app.is_following:
                    await self._tend_lanes()
                    moved_at = time.monotonic()
                elif self._app.recovered_to != progress:
                    progress, moved_at = self._app.recovered_to, time.monotonic()
                elif time.monotonic() - moved_at > MAX_STANDSTILL_SECONDS:
                    raise Unavailable("Kafka", "Faust has not followed the events for long; it is started again")
            except Exception as error:  # noqa: BLE001  # whatever it is, the worker begins anew
                self._fail(error)

    async def _tend_lanes(self) -> None:
        self._app.recognize(await self._signed_by.current())
        await self._check_topics()
        async with self._busy:
            await self._lanes.tend(self._assigned())
        self._moved_at = time.monotonic()
        self._show_lag()

    def _show_lag(self) -> None:
        """Of those partitions of which something was read; what was not read before belongs to nobody's lag."""
        for place, read_to in self._read_to.items():
            end = self._app.consumer.highwater(place)
            telemetry.LAG.labels(ROLE, "", *place).set(max((end or 0) - read_to, 0))

    async def _read_topic_ids(self) -> dict[str, str]:
        names = [*self._inputs, self._topics.analytics_changelog, self._topics.analytics_windows]
        return {name: (await self._log.topic(name)).id for name in names}

    async def _check_topics(self) -> None:
        """Faust does not notice that a topic was made anew. Raises Unavailable then: the worker begins again, where the
        table and the topics say.
        """
        if time.monotonic() - self._checked_at >= CHECK_SECONDS:
            topic_ids = await self._read_topic_ids()
            changed = sorted(name for name, topic_id in topic_ids.items() if topic_id != self._topic_ids[name])
            if changed:
                raise Unavailable("Kafka", f"made anew: {', '.join(changed)}; the lanes are acquired again")
            self._checked_at = time.monotonic()

    def _assigned(self) -> set[LanePlace]:
        places: set[TP] = self._app.consumer.assignment()
        return {LanePlace(self._inputs[topic], partition) for topic, partition in places if topic in self._inputs}


def _sorted(error: BaseException) -> BaseException:
    """Unavailable for what goes by itself; other errors as they are."""
    if isinstance(error, PublishFailed):
        return Unavailable("Kafka", f"the analytics could not be written: {error}")
    return unavailable(error) if isinstance(error, KAFKA_FAULTS) else error
