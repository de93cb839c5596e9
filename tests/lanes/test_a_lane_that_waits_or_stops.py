"""`LaneRunner`: how long a lane waits after a fault, and how it stops."""

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.lanes.test_a_lane_of_this_process import LANE, become, held
from tests.lanes.work import SubscriptionInMemory, WorkOnScript, records
from workers.lanes.work import Restart
from workers.ports.lanes import Fenced, Unavailable


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("workers.lanes.faults.FENCED_DELAY_SECONDS", 0.001)


async def test_that_lost_its_lane_waits_before_it_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.faults.FENCED_DELAY_SECONDS", 0.3)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults["handle"] = [Fenced(LANE, 1)]
        runner.offer(records(0, 1))
        await become(lambda: len(work.taken_at) == 2, "the lane is taken again")
        assert work.taken_at[1] - work.dropped_at[0] >= 0.3 * 0.8 - 0.01


async def test_that_is_out_of_date_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.faults.FENCED_DELAY_SECONDS", 60.0)
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 60.0)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults["handle"] = [Restart("moved for the test")]
        runner.offer(records(0, 1))
        await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is taken again")


async def test_that_is_out_of_date_handles_what_had_come_and_says_the_first_reason() -> None:
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.going.clear()
        runner.offer(records(0, 1))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        runner.offer(records(1, 3))
        with capture_logs() as entries:
            runner.restart("the first reason")
            runner.restart("another")
            runner.offer(records(3, 5))
            work.going.set()
            await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is taken again")
    assert work.handled == [0, 1, 2]
    assert [entry["reason"] for entry in entries if entry["event"] == "lane starts over"] == ["the first reason"]


async def test_waits_longer_from_fault_to_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.02)
    monkeypatch.setattr("workers.lanes.runner.MAX_RETRY_DELAY_SECONDS", 0.08)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults["acquire"] = [Unavailable("Postgres", "away for the test")] * 4
        work.faults["handle"] = [Unavailable("Postgres", "away for the test")]
        runner.offer(records(0, 1))
        await become(lambda: not work.faults["acquire"] and runner.active, "the lane is held again")
        waits = [later - earlier for earlier, later in zip(work.dropped_at, work.dropped_at[1:], strict=False)]
        for wait, least in zip(waits, [0.02, 0.04, 0.08, 0.08], strict=True):
            assert wait >= least * 0.8 - 0.005


async def test_that_is_asked_to_stop_finishes_the_batch_in_hand_and_leaves() -> None:
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.going.clear()
        runner.offer(records(0, 3))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        stopping = asyncio.create_task(runner.stop(5.0))
        await asyncio.sleep(0)
        work.going.set()
        await stopping
        assert work.journal == ["acquire", "handle", "handled", "release", "abandon"]
        assert not runner.active


async def test_that_is_stuck_is_dropped_after_the_timeout() -> None:
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.going.clear()
        runner.offer(records(0, 3))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        async with asyncio.timeout(5.0):
            await runner.stop(0.05)
        assert work.journal == ["acquire", "handle", "abandon"]
        work.going.set()
        await asyncio.sleep(0)
        assert not work.handled, "a dropped lane works on"


@pytest.mark.parametrize("step", ["handle", "release"])
async def test_that_fails_stops_at_once_when_asked_to(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 60.0)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults[step] = [Unavailable("Postgres", "away for the test")]
        runner.offer(records(0, 1))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        async with asyncio.timeout(5.0):
            await runner.stop(30.0)
        assert work.journal[-1] == "abandon"
        assert not runner.active
