"""`LaneHost`: the lanes that the group gives, each at its own pace, left in good order."""

import asyncio
from typing import Any

import pytest

from tests.lanes.process import FIRST, SECOND, Process
from tests.lanes.test_a_lane_of_this_process import become
from workers.ports.lanes import Unavailable


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    for name in ("FETCH_WAIT_SECONDS", "RETRY_DELAY_SECONDS"):
        monkeypatch.setattr(f"workers.lanes.host.{name}", 0.01)
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.001)


async def test_are_fed_with_all_their_records_in_order() -> None:
    process = Process()
    async with process.running():
        await process.subscription.give(FIRST, SECOND)
        for _ in range(5):
            process.subscription.write(FIRST, 100)
            process.subscription.write(SECOND, 10)
            await asyncio.sleep(0)
        await become(lambda: len(process.works[FIRST].handled) == 500, "the first lane has handled all")
        await become(lambda: len(process.works[SECOND].handled) == 50, "the second lane has handled all")
        assert process.works[FIRST].handled == list(range(500))
        assert process.works[SECOND].handled == list(range(50))


async def test_do_not_wait_for_one_another() -> None:
    process = Process()
    process.works[FIRST].going.clear()
    async with process.running():
        await process.subscription.give(FIRST, SECOND)
        process.subscription.write(FIRST, 10)
        process.subscription.write(SECOND, 10)
        await become(lambda: len(process.works[SECOND].handled) == 10, "the second lane goes on")
        assert not process.works[FIRST].handled


async def test_lose_nothing_when_the_queue_fills_up_and_when_a_lane_fails() -> None:
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        await process.subscription.give(FIRST)
        work.going.clear()
        for _ in range(20):
            process.subscription.write(FIRST, 500)
            await asyncio.sleep(0)
        await become(lambda: FIRST in process.subscription.paused, "the partition is paused")
        work.faults["handle"] = [Unavailable("Postgres", "away for the test")]
        work.going.set()
        await become(lambda: len(work.handled) == 10_000, "all is handled")
        assert work.handled == list(range(10_000))


async def test_are_ready_once_each_is_held() -> None:
    process = Process()
    process.works[SECOND].faults["acquire"] = [Unavailable("Postgres", "away for the test")]
    async with process.running():
        assert not process.host.holding, "nothing was given yet"
        await process.subscription.give(FIRST, SECOND)
        assert not process.host.holding, "nothing is held yet"
        await become(lambda: process.host.holding, "both lanes are held")
        assert process.host.partitions == {FIRST, SECOND}


async def test_that_are_revoked_are_left_and_fed_no_more() -> None:
    process = Process()
    async with process.running():
        await process.subscription.give(FIRST, SECOND)
        process.subscription.write(FIRST, 10)
        await become(lambda: len(process.works[FIRST].handled) == 10, "the first lane works")
        await process.subscription.revoke(FIRST)
        assert process.works[FIRST].journal[-2:] == ["release", "abandon"]
        assert process.host.partitions == {SECOND}
        process.subscription.write(FIRST, 10)
        process.subscription.write(SECOND, 10)
        await become(lambda: len(process.works[SECOND].handled) == 10, "the other lane works")
        assert len(process.works[FIRST].handled) == 10


async def test_that_are_stuck_do_not_hold_up_a_rebalance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.host.RELEASE_TIMEOUT_SECONDS", 0.05)
    process = Process()
    work = process.works[FIRST]
    work.going.clear()
    async with process.running():
        await process.subscription.give(FIRST)
        process.subscription.write(FIRST, 10)
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        async with asyncio.timeout(5.0):
            await process.subscription.revoke(FIRST)
        assert work.journal == ["acquire", "handle", "abandon"]


@pytest.mark.parametrize("error", [None, Unavailable("Kafka", "away for the test")], ids=["stopped", "failed"])
async def test_that_are_given_when_the_process_ends_are_not_begun(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    monkeypatch.setattr("workers.lanes.host.MAX_FETCH_FAILURE_SECONDS", 0.0)
    process = Process()
    work = process.works[FIRST]
    async with process.running() as task:
        await process.subscription.give(FIRST)
        process.subscription.write(FIRST, 10)
        work.going.clear()
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        if error is None:
            process.host.stop()
        else:
            process.subscription.faults.append(error)
        await become(lambda: not process.host.partitions, "the lanes are being released")
        await process.subscription.give(SECOND)
        work.going.set()
        async with asyncio.timeout(5.0):
            await asyncio.wait({task})
        assert task.exception() is error
    assert not process.works[SECOND].journal


async def test_of_a_process_that_is_cancelled_while_it_joins_the_group_are_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when another host of the process has failed."""
    process, joining = Process(), asyncio.Event()
    start = process.subscription.start

    async def start_slowly(*listeners: Any) -> None:
        await start(*listeners)
        joining.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(process.subscription, "start", start_slowly)
    task = asyncio.create_task(process.host.run())
    await joining.wait()
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert process.subscription.stopped
    await process.subscription.give(FIRST)
    assert not process.host.partitions


async def test_are_left_before_the_group_is() -> None:
    process = Process()
    async with process.running() as task:
        await process.subscription.give(FIRST, SECOND)
        await become(lambda: process.host.holding, "both lanes are held")
        process.host.stop()
        async with asyncio.timeout(5.0):
            await task
    assert process.host.partitions == frozenset()
    assert [journal[-2:] for journal in process.journals_at_stop] == [["release", "abandon"]] * 2


async def test_are_left_when_the_host_fails_too() -> None:
    process = Process()
    async with process.running() as task:
        await process.subscription.give(FIRST)
        await become(lambda: process.host.holding, "the lane is held")
        process.subscription.faults = [ZeroDivisionError("a bug for the test")]
        with pytest.raises(ZeroDivisionError):
            await task
    assert [journal[-2:] for journal in process.journals_at_stop] == [["release", "abandon"]]


async def test_go_on_after_a_fetch_that_failed() -> None:
    process = Process()
    async with process.running():
        await process.subscription.give(FIRST)
        process.subscription.faults = [Unavailable("Kafka", "away for the test")] * 3
        await become(lambda: not process.subscription.faults, "fetching has failed three times")
        process.subscription.write(FIRST, 10)
        await become(lambda: len(process.works[FIRST].handled) == 10, "all is handled")


async def test_are_given_to_another_consumer_when_this_one_only_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.host.RETRY_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("workers.lanes.host.MAX_FETCH_FAILURE_SECONDS", 0.05)
    process = Process()
    async with process.running() as task:
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it is ready")
        process.subscription.faults = [Unavailable("Kafka", "for ever")] * 10_000
        await become(lambda: not process.host.ready, "who cannot read is not ready")
        with pytest.raises(Unavailable, match="for ever"):
            await task
    assert process.subscription.stopped


async def test_tell_the_group_how_far_those_have_come_that_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.host.COMMIT_GROUP_OFFSETS_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 60.0)
    process = Process()
    process.works[SECOND].faults["acquire"] = [Unavailable("Postgres", "away for the test")]
    async with process.running():
        await process.subscription.give(FIRST, SECOND)
        process.subscription.write(FIRST, 10)
        await become(lambda: {FIRST: 10} in process.subscription.group_offsets, "the group offsets are committed")
        assert not any(SECOND in offsets for offsets in process.subscription.group_offsets)


async def test_of_a_group_that_cannot_be_joined_are_none() -> None:
    process = Process()
    process.subscription.refuses_to_start = True
    with pytest.raises(Unavailable):
        await process.host.run()
