"""`LaneRunner`: records strictly in order, a bounded queue, and one way to recover from anything."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from tests.waiting import until
from workers.lanes.runner import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_QUEUED_RECORDS, LaneRunner
from workers.lanes.work import Restart
from workers.ports.lanes import Fenced, LaneKey, Unavailable
from workers.ports.log import PublishFailed

LANE = LaneKey("command", "users.commands", 0)
FAULTS = {
    "the server is away": Unavailable("Postgres", "away for the test"),
    "publishing failed": PublishFailed("broken for the test"),
    "another owner": Fenced(LANE, 1),
    "out of date": Restart("moved for the test"),
    "a bug": ZeroDivisionError("a bug for the test"),
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("workers.lanes.runner.FENCED_DELAY_SECONDS", 0.001)


@asynccontextmanager
async def held(work: WorkOnScript, subscription: SubscriptionInMemory) -> AsyncIterator[LaneRunner]:
    """A runner that holds its lane; left in good order, within a bound, at the end."""
    runner = LaneRunner("command", PARTITION, work, subscription)
    runner.start()
    try:
        await become(lambda: runner.active, "the lane is held")
        yield runner
    finally:
        work.going.set()
        await runner.stop(5.0)


async def become(condition: Callable[[], bool], claim: str) -> None:
    async def holds() -> bool:
        return condition()

    await until(holds, claim, seconds=5.0, every=0.002)


async def test_starts_where_the_stored_truth_says() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    work.consumed = 7
    async with held(work, subscription):
        assert subscription.steps == [("seek 7", PARTITION), ("resume", PARTITION)]


async def test_handles_every_record_once_and_in_order() -> None:
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        for first in range(0, 300, 30):
            runner.offer(records(first, first + 30))
            await asyncio.sleep(0)
        await become(lambda: len(work.handled) >= 300, "all are handled")
        assert work.handled == list(range(300))
        assert runner.next_offset == 300


async def test_does_not_handle_what_it_has_passed() -> None:
    work = WorkOnScript()
    work.consumed = 5
    async with held(work, SubscriptionInMemory()) as runner:
        runner.offer(records(0, 8))
        await become(lambda: 7 in work.handled, "the new records are handled")
        assert work.handled == [5, 6, 7]


async def test_gives_no_batch_more_than_is_good_for_a_transaction() -> None:
    work = WorkOnScript()
    large = b"x" * 1_048_576
    async with held(work, SubscriptionInMemory()) as runner:
        runner.offer(records(0, 2500))
        await become(lambda: len(work.handled) == 2500, "all are handled")
        assert max(work.batches) == MAX_BATCH_RECORDS
        work.batches.clear()
        runner.offer(records(2500, 2512, value=large))
        await become(lambda: len(work.handled) == 2512, "all are handled")
        assert max(work.batches) * len(large) <= MAX_BATCH_BYTES + len(large)


async def test_pauses_its_partition_when_the_queue_is_full_and_resumes_it_when_there_is_room() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    async with held(work, subscription) as runner:
        work.going.clear()
        runner.offer(records(0, 10))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        runner.offer(records(10, 10 + MAX_QUEUED_RECORDS - 1))
        assert PARTITION not in subscription.paused
        runner.offer(records(10 + MAX_QUEUED_RECORDS - 1, 10 + MAX_QUEUED_RECORDS))
        assert PARTITION in subscription.paused
        work.going.set()
        await become(lambda: PARTITION not in subscription.paused, "the partition is resumed")
        await become(lambda: len(work.handled) == 10 + MAX_QUEUED_RECORDS, "nothing was lost on the way")
        assert work.handled == list(range(10 + MAX_QUEUED_RECORDS))


@every_fault
async def test_is_dropped_and_taken_again_after_any_fault(fault: Exception) -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    async with held(work, subscription) as runner:
        runner.offer(records(0, 3))
        await become(lambda: work.handled == [0, 1, 2], "the first batch is handled")
        work.faults["handle"] = [fault]
        subscription.steps.clear()
        work.journal.clear()
        runner.offer(records(3, 6))
        await become(lambda: runner.active and "take" in work.journal, "the lane is held again")
        assert work.journal[:3] == ["handle", "drop", "take"]
        assert subscription.steps == [("pause", PARTITION), ("seek 3", PARTITION), ("resume", PARTITION)]
        runner.offer(records(3, 8))
        await become(lambda: len(work.handled) >= 8, "what the fault had interrupted is handled")
        assert work.handled == list(range(8))


@pytest.mark.parametrize("step", ["take", "idle"])
async def test_recovers_from_faults_outside_batches_too(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.IDLE_SECONDS", 0.005)
    work = WorkOnScript()
    work.faults[step] = [Unavailable("Postgres", "away for the test")] * 3
    async with held(work, SubscriptionInMemory()) as runner:
        await become(lambda: not work.faults[step], "the faults are over")
        await become(lambda: runner.active, "the lane is held again")
        runner.offer(records(0, 2))
        await become(lambda: work.handled == [0, 1], "it works")


async def test_ignores_what_is_fetched_while_it_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 60.0)
    work = WorkOnScript()
    runner = LaneRunner("command", PARTITION, work, SubscriptionInMemory())
    runner.offer(records(0, 3))
    work.faults["take"] = [Unavailable("Postgres", "away for the test")]
    runner.start()
    await become(lambda: "drop" in work.journal, "taking has failed")
    runner.offer(records(0, 3))
    await runner.stop(5.0)
    assert not work.handled


async def test_that_lost_its_lane_waits_before_it_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.FENCED_DELAY_SECONDS", 0.3)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults["handle"] = [Fenced(LANE, 1)]
        runner.offer(records(0, 1))
        await become(lambda: len(work.taken_at) == 2, "the lane is taken again")
        assert work.taken_at[1] - work.dropped_at[0] >= 0.3 * 0.8 - 0.01


async def test_that_is_out_of_date_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.FENCED_DELAY_SECONDS", 60.0)
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 60.0)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults["handle"] = [Restart("moved for the test")]
        runner.offer(records(0, 1))
        await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is taken again")


async def test_waits_longer_from_fault_to_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.02)
    monkeypatch.setattr("workers.lanes.runner.MAX_RETRY_DELAY_SECONDS", 0.08)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults["take"] = [Unavailable("Postgres", "away for the test")] * 4
        work.faults["handle"] = [Unavailable("Postgres", "away for the test")]
        runner.offer(records(0, 1))
        await become(lambda: not work.faults["take"] and runner.active, "the lane is held again")
        waits = [later - earlier for earlier, later in zip(work.dropped_at, work.dropped_at[1:], strict=False)]
        for wait, least in zip(waits, [0.02, 0.04, 0.08, 0.08], strict=True):
            assert wait >= least * 0.8 - 0.005


async def test_that_is_told_to_stop_finishes_the_batch_in_hand_and_leaves() -> None:
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.going.clear()
        runner.offer(records(0, 3))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        stopping = asyncio.create_task(runner.stop(5.0))
        await asyncio.sleep(0)
        work.going.set()
        await stopping
        assert work.journal == ["take", "handle", "handled", "leave", "drop"]
        assert not runner.active


async def test_that_is_stuck_is_dropped_after_the_timeout() -> None:
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.going.clear()
        runner.offer(records(0, 3))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        async with asyncio.timeout(5.0):
            await runner.stop(0.05)
        assert work.journal == ["take", "handle", "drop"]
        work.going.set()
        await asyncio.sleep(0)
        assert not work.handled, "a dropped lane works on"


@pytest.mark.parametrize("step", ["handle", "leave"])
async def test_that_fails_stops_at_once_when_told_to(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 60.0)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults[step] = [Unavailable("Postgres", "away for the test")]
        runner.offer(records(0, 1))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        async with asyncio.timeout(5.0):
            await runner.stop(30.0)
        assert work.journal[-1] == "drop"
        assert not runner.active
