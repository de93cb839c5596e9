"""A subscription that has something to read, nothing to wait for, and does not move, is started over."""

import pytest

from tests.lanes.process import FIRST, Process
from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.test_a_lane_of_this_process import held as held_alone
from tests.lanes.work import SubscriptionInMemory, WorkOnScript, records
from workers.lanes.runner import LaneRunner
from workers.lanes.watch import LOOKS_WITHOUT_PROGRESS, Watch
from workers.ports.lanes import Unavailable


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at every turn."""
    monkeypatch.setattr("workers.lanes.host.FETCH_WAIT_SECONDS", 0.002)
    monkeypatch.setattr("workers.lanes.watch.LOOK_INTERVAL_SECONDS", 0.0)


async def held(process: Process) -> None:
    await process.subscription.give(FIRST)
    await become(lambda: process.host.holding, "the lane is held")


async def looks(process: Process, count: int = 3 * LOOKS_WITHOUT_PROGRESS) -> None:
    """So many more looks."""
    before = len(process.subscription.steps)
    await become(lambda: len(process.subscription.steps) >= before + count, "it looks")


async def test_is_noticed_and_its_lanes_are_left() -> None:
    process = Process()
    async with process.running() as task:
        await held(process)
        process.subscription.frozen = True
        process.subscription.write(FIRST, 10)
        with pytest.raises(Unavailable, match=r"users\.commands/0 at offset 0"):
            await task
    assert process.subscription.stopped
    assert process.works[FIRST].journal[-2:] == ["release", "abandon"]


async def test_is_not_one_that_has_nothing_to_read() -> None:
    process = Process()
    async with process.running() as task:
        await held(process)
        process.subscription.frozen = True
        await looks(process)
        assert not task.done()


async def test_is_not_one_that_waits_for_its_lane() -> None:
    process = Process()
    work = process.works[FIRST]
    work.going.clear()
    async with process.running() as task:
        await held(process)
        for _ in range(20):
            process.subscription.write(FIRST, 500)
        await become(lambda: FIRST in process.subscription.paused, "the queue is full")
        process.subscription.write(FIRST, 500)
        await looks(process)
        assert not task.done()
        work.going.set()
        await become(lambda: len(work.handled) == 10_500, "all is handled")


async def test_is_not_one_that_goes_on_now_and_then() -> None:
    """Slow, but not stuck: what counts is the looks since it last moved."""
    subscription = SubscriptionInMemory()
    watch = Watch("command", subscription)
    async with held_alone(WorkOnScript(), subscription) as runner:
        subscription.write(FIRST, 10)
        for position in range(5):
            subscription.position[FIRST] = position
            for _ in range(LOOKS_WITHOUT_PROGRESS - 1):
                await watch.look([runner])
        with pytest.raises(Unavailable, match="at offset 4"):
            await watch.look([runner])


async def test_cannot_be_known_while_the_ends_are_unknown() -> None:
    process = Process()
    process.subscription.ends_unknown = True
    async with process.running() as task:
        await held(process)
        process.subscription.frozen = True
        process.subscription.write(FIRST, 10)
        await looks(process)
        assert not task.done()
        process.subscription.ends_unknown = False
        with pytest.raises(Unavailable):
            await task


LENGTH = 20_000


def at_the_end() -> WorkOnScript:
    """Of a lane that has read everything there is."""
    work = WorkOnScript()
    work.consumed = LENGTH
    return work


class LooksByTheClock:
    """A watch on a clock that the test moves."""

    def __init__(self) -> None:
        self.subscription = SubscriptionInMemory()
        self.now = 0.0
        self.watch = Watch("command", self.subscription, lambda: self.now)

    async def in_the_next(self, seconds: float, runner: LaneRunner) -> int:
        """How often it looks at the log, if it may each half second."""
        before = self.subscription.steps.count(("look", FIRST))
        for _ in range(round(seconds * 2)):
            self.now += 0.5
            await self.watch.look([runner])
        return self.subscription.steps.count(("look", FIRST)) - before


async def test_is_looked_at_less_often_while_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.watch.LOOK_INTERVAL_SECONDS", 2.0)
    looks = LooksByTheClock()
    async with held_alone(at_the_end(), looks.subscription) as runner:
        assert await looks.in_the_next(4, runner) == 2, "that nothing changes, two looks tell"
        assert await looks.in_the_next(20, runner) == 4
        looks.subscription.write(FIRST, 1)
        assert await looks.in_the_next(5, runner) == 1, "it is noticed that there is something to read"
        assert await looks.in_the_next(20, runner) == 10, "and nothing moves"


async def test_is_looked_at_as_often_as_ever_once_something_was_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.watch.LOOK_INTERVAL_SECONDS", 2.0)
    looks = LooksByTheClock()
    async with held_alone(at_the_end(), looks.subscription) as runner:
        assert await looks.in_the_next(14, runner) == 4
        looks.subscription.write(FIRST, 1)
        looks.subscription.position[FIRST] = LENGTH + 1
        runner.offer(records(LENGTH, LENGTH + 1))
        assert await looks.in_the_next(2, runner) == 1
