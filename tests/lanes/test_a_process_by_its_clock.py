"""`LaneHost` and `Watch` by a clock that the test turns: what is done how often, and how long trouble is borne."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from tests.lanes.process import FIRST
from tests.lanes.test_a_lane_of_this_process import become, held
from tests.lanes.work import SubscriptionInMemory, WorkOnScript, records
from workers import telemetry
from workers.lanes.host import (
    COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS,
    LIVENESS_SECONDS,
    MAX_FETCH_FAILURE_SECONDS,
    LaneHost,
)
from workers.lanes.watch import LOOK_INTERVAL_SECONDS, Watch
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord, Partition, TopicState


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    for name in ("FETCH_WAIT_SECONDS", "RETRY_DELAY_SECONDS"):
        monkeypatch.setattr(f"workers.lanes.host.{name}", 0.002)
    monkeypatch.setattr("workers.lanes.runner.IDLE_SECONDS", 0.002)


class Turning(SubscriptionInMemory):
    """Counts its fetches, and hangs in one as long as `going` is cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.fetches = 0
        self.going = asyncio.Event()
        self.going.set()

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]:
        self.fetches += 1
        await self.going.wait()
        return await super().fetch(wait_seconds)


class Clocked:
    """A process that holds one lane."""

    def __init__(self, partitions: int | None = None) -> None:
        self.now = 1000.0
        self.work, self.subscription = WorkOnScript(), Turning()
        self.host = LaneHost("command", self.subscription, lambda _: self.work, lambda: self.now, partitions)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.host.run())
        try:
            await become(self.subscription.started.is_set, "it has joined the group")
            await self.subscription.give(FIRST)
            await become(lambda: self.host.ready, "it is ready")
            yield task
        finally:
            self.subscription.going.set()
            self.host.stop()
            async with asyncio.timeout(5.0):
                await asyncio.wait({task})

    def alive_after(self, seconds: float) -> bool:
        self.now += seconds
        return self.host.alive

    async def turns(self) -> None:
        """Whatever is due is done."""
        before = self.subscription.fetches
        await become(lambda: self.subscription.fetches >= before + 3, "it goes on")


async def test_the_group_learns_how_far_the_lanes_are_when_it_is_time_and_once() -> None:
    process = Clocked()
    reports = []
    async with process.running():
        for seconds in (
            0.0,
            COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS - 1,
            1.0,
            0.0,
            COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS,
        ):
            process.now += seconds
            await process.turns()
            reports.append(len(process.subscription.group_offsets))
    assert reports == [0, 0, 1, 1, 2]


async def test_who_cannot_read_is_borne_for_a_while_and_forgotten_once_it_reads() -> None:
    process = Clocked()
    async with process.running() as task:
        for _ in range(3):
            process.subscription.faults = [Unavailable("Kafka", "away for the test")]
            await become(lambda: not process.subscription.faults, "it could not read")
            process.now += MAX_FETCH_FAILURE_SECONDS - 1
            await process.turns()
        assert not task.done()
        assert process.host.ready
        process.subscription.faults = [Unavailable("Kafka", "away for the test")] * 10_000
        await become(lambda: not process.host.ready, "it cannot read")
        process.now += MAX_FETCH_FAILURE_SECONDS - 0.5
        await process.turns()
        assert not task.done()
        process.now += 0.5
        with pytest.raises(Unavailable, match="away for the test"):
            await task


async def test_who_hangs_while_it_reads_is_not_alive() -> None:
    process = Clocked()
    async with process.running():
        process.now += LIVENESS_SECONDS
        await process.turns()
        process.subscription.going.clear()
        await asyncio.sleep(0.01)
        idle = process.work.journal.count("idle")
        process.now += LIVENESS_SECONDS
        await become(lambda: process.work.journal.count("idle") >= idle + 2, "its lane goes on")
        assert [process.host.alive, process.alive_after(0.5)] == [True, False]
        process.subscription.going.set()
        await become(lambda: process.host.alive, "it reads again")


async def test_whose_topic_is_absent_is_not_ready_and_says_so_once() -> None:
    process = Clocked()
    async with process.running():
        with capture_logs() as entries:
            process.subscription.absent = frozenset({"users.commands"})
            await become(lambda: not process.host.ready, "it is not ready")
            for _ in range(3):
                process.now += LOOK_INTERVAL_SECONDS
                await process.turns()
            process.subscription.absent = frozenset()
            process.now += LOOK_INTERVAL_SECONDS
            await process.turns()
            await become(lambda: process.host.ready, "it is ready again")
    assert [entry["topic"] for entry in entries if entry["event"] == "a topic does not exist"] == ["users.commands"]


async def test_whose_topic_has_another_number_of_partitions_than_the_installation_holds_no_lane() -> None:
    process = Clocked(partitions=1)
    async with process.running():
        process.subscription.states[FIRST.topic] = TopicState("topic-1", 2)
        process.now += LOOK_INTERVAL_SECONDS
        await become(lambda: not process.host.holding, "the lane is dropped")
        assert not process.host.ready


async def test_lanes_are_looked_at_when_it_is_time_or_when_there_are_other_ones() -> None:
    subscription, now = SubscriptionInMemory(), [1000.0]
    watch = Watch("command", subscription, lambda: now[0])
    looks = []
    async with held(WorkOnScript(), subscription) as runner:
        subscription.position[FIRST] = 0
        subscription.steps.clear()
        for seconds in (0.0, LOOK_INTERVAL_SECONDS - 0.5, 0.5, 0.0):
            now[0] += seconds
            await watch.look([runner])
            looks.append(subscription.steps.count(("look", FIRST)))
        watch.soon()
        await watch.look([runner])
        looks.append(subscription.steps.count(("look", FIRST)))
    assert looks == [1, 1, 2, 2, 3]


async def test_a_lane_that_has_read_nothing_yet_is_behind_by_records_and_not_caught_up() -> None:
    subscription = SubscriptionInMemory()
    watch = Watch("command", subscription)
    async with held(WorkOnScript(), subscription) as runner:
        subscription.position[FIRST] = 0
        subscription.topics[FIRST] = records(0, 7)
        await watch.look([runner])
        lane = ("command", "", *map(str, FIRST))
        measured = [gauge.labels(*lane)._value.get() for gauge in (telemetry.LAG, telemetry.CAUGHT_UP)]
        assert measured == [7, 0]
