"""Lanes without records rest: one look for all of them tells which have something to do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from tests.lanes.process import FIRST, SECOND
from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.work import SubscriptionInMemory, WorkOnScript
from workers.lanes.host import LIVENESS_SECONDS, LaneHost
from workers.lanes.idle import until_next
from workers.ports.lanes import Unavailable


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    monkeypatch.setattr("workers.lanes.host.FETCH_WAIT_SECONDS", 0.002)
    monkeypatch.setattr("workers.lanes.idle.IDLE_SECONDS", 0.004)


class Resting:
    """Two lanes, and a look that finds `busy`, raises `fault`, or hangs as long as `going` is cleared."""

    def __init__(self) -> None:
        self.works = {FIRST: WorkOnScript(), SECOND: WorkOnScript()}
        self.subscription = SubscriptionInMemory()
        self.busy: set[WorkOnScript] = set()
        self.fault: BaseException | None = None
        self.going = asyncio.Event()
        self.going.set()
        self.looks: list[int] = []
        self.now = 0.0
        self.host = LaneHost(
            "command", self.subscription, self.works.__getitem__, lambda: self.now, idle_look=self._look
        )

    async def _look(self, works: Sequence[WorkOnScript]) -> set[WorkOnScript]:
        self.looks.append(len(works))
        await self.going.wait()
        if self.fault is not None:
            raise self.fault
        return self.busy

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Both lanes rest."""
        task = asyncio.create_task(self.host.run())
        try:
            await become(self.subscription.started.is_set, "it has joined the group")
            await self.subscription.give(FIRST, SECOND)
            await become(lambda: self.host.ready, "it is ready")
            self.now += 1
            await self.both_are_looked_at()
            yield
        finally:
            self.host.stop()
            async with asyncio.timeout(5.0):
                await asyncio.wait({task})

    async def both_are_looked_at(self) -> None:
        self.looks.clear()
        await become(lambda: 2 in self.looks, "both lanes rest")

    def idles(self) -> list[int]:
        return [work.journal.count("idle") for work in self.works.values()]


async def test_each_lane_looks_once_by_itself_and_then_rests() -> None:
    process = Resting()
    async with process.running():
        for _ in range(3):
            await process.both_are_looked_at()
        assert process.idles() == [1, 1]


async def test_whoever_waits_for_the_next_interval_wakes_up_with_all_others() -> None:
    loop = asyncio.get_running_loop()
    turns: list[tuple[int, int]] = []
    turn = 0

    async def wake_up(late: int) -> None:
        for _ in range(late):
            await asyncio.sleep(0)
        moment = round((loop.time() + until_next(0.05)) * 100)
        await asyncio.sleep(until_next(0.05))
        turns.append((moment, turn))

    async def count_turns() -> None:
        nonlocal turn
        while len(turns) < 3:
            turn += 1
            await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await asyncio.gather(count_turns(), *(wake_up(late) for late in (0, 3, 50)))
    by_moment: dict[int, set[int]] = {}
    for moment, woken_in in turns:
        by_moment.setdefault(moment, set()).add(woken_in)
    assert all(max(woken) - min(woken) <= 1 for woken in by_moment.values())


async def test_only_lanes_that_have_something_to_do_are_woken() -> None:
    process = Resting()
    async with process.running():
        process.busy = {process.works[SECOND]}
        await become(lambda: process.idles()[1] >= 4, "the second lane looks for it again and again")
        assert process.idles()[0] == 1


async def test_a_lane_that_has_handled_records_looks_by_itself_again() -> None:
    process = Resting()
    async with process.running():
        process.subscription.write(FIRST, 1)
        await become(lambda: process.works[FIRST].handled == [0], "its record is handled")
        process.now += 1
        await become(lambda: process.idles() == [2, 1], "it looks once more")


async def test_records_are_handled_while_the_look_hangs() -> None:
    process = Resting()
    async with process.running():
        process.going.clear()
        process.looks.clear()
        await become(lambda: bool(process.looks), "a look is under way")
        process.subscription.write(FIRST, 3)
        await become(lambda: process.works[FIRST].handled == [0, 1, 2], "its records are handled")
        process.going.set()


@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        (Unavailable("Postgres", "away for the test"), 0),
        (ValueError("a bug for the test"), 1),
        (asyncio.CancelledError("let out by a driver"), 0),
    ],
)
async def test_all_lanes_look_by_themselves_when_the_look_cannot_tell(fault: BaseException, errors: int) -> None:
    process = Resting()
    async with process.running():
        with capture_logs() as entries:
            process.fault = fault
            await become(lambda: min(process.idles()) >= 2, "both lanes look")
            process.fault = None
        assert bool(errors) == any(entry["log_level"] == "error" for entry in entries)
        await process.both_are_looked_at()


async def test_rest_is_as_good_as_progress_and_a_look_that_hangs_is_not() -> None:
    process = Resting()
    async with process.running():
        process.now += LIVENESS_SECONDS + 1
        await become(lambda: process.host.alive, "the lanes rest")
        process.going.clear()
        process.looks.clear()
        await become(lambda: bool(process.looks), "a look is under way")
        process.now += LIVENESS_SECONDS + 1
        assert not process.host.alive
        process.going.set()
        await become(lambda: process.host.alive, "it is over")
