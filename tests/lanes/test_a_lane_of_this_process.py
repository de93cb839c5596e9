"""`LaneRunner`: records strictly in order, a bounded queue, and one way to recover from anything."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from tests.waiting import until
from workers.lanes.queue import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_QUEUED_RECORDS
from workers.lanes.runner import LaneRunner
from workers.lanes.work import Restart
from workers.ports.lanes import Fenced, LaneKey, Unavailable
from workers.ports.log import InboundRecord, PublishFailed

LANE = LaneKey("command", "users.commands", 0)
FAULTS = {
    "the server is away": Unavailable("Postgres", "away for the test"),
    "publishing failed": PublishFailed("broken for the test"),
    "another owner": Fenced(LANE, 1),
    "out of date": Restart("moved for the test"),
    "a bug": ZeroDivisionError("a bug for the test"),
    "a cancellation that a driver lets out": asyncio.CancelledError(),
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("workers.lanes.faults.FENCED_DELAY_SECONDS", 0.001)


@asynccontextmanager
async def held(
    work: WorkOnScript, subscription: SubscriptionInMemory, partitions: int | None = None
) -> AsyncIterator[LaneRunner]:
    """A runner that holds its lane; left in good order, within a bound, at the end. Its topic is long: the test decides
    what is fetched of it.
    """
    subscription.topics.setdefault(PARTITION, records(0, 20_000))
    runner = LaneRunner("command", PARTITION, work, subscription, partitions=partitions)
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


async def test_does_not_handle_what_it_has_passed_but_is_acquired_again() -> None:
    work = WorkOnScript()
    work.consumed = 5
    async with held(work, SubscriptionInMemory()) as runner:
        runner.offer(records(0, 8))
        await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is taken again")
        runner.offer(records(5, 8))
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


async def test_is_resumed_when_less_than_half_of_a_full_queue_is_left() -> None:
    """Earlier, each batch would pause and resume it; later, the lane would wait for records."""

    class Noting(WorkOnScript):
        async def handle(self, batch: Sequence[InboundRecord]) -> None:
            paused.append(PARTITION in subscription.paused)
            await super().handle(batch)

    paused: list[bool] = []
    work, subscription = Noting(), SubscriptionInMemory()
    batches = MAX_QUEUED_RECORDS // MAX_BATCH_RECORDS
    async with held(work, subscription) as runner:
        work.going.clear()
        runner.offer(records(0, 1))
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        subscription.steps.clear()
        runner.offer(records(1, MAX_QUEUED_RECORDS))
        runner.offer(records(MAX_QUEUED_RECORDS, MAX_QUEUED_RECORDS + 1))
        runner.offer([])
        work.going.set()
        await become(lambda: len(work.handled) == MAX_QUEUED_RECORDS + 1, "all is handled")
        assert paused == [False, *(batch_number <= batches // 2 for batch_number in range(1, batches + 1))]
        assert subscription.steps == [("pause", PARTITION), ("resume", PARTITION)]


@every_fault
async def test_is_dropped_and_taken_again_after_any_fault(fault: BaseException) -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    async with held(work, subscription) as runner:
        runner.offer(records(0, 3))
        await become(lambda: work.handled == [0, 1, 2], "the first batch is handled")
        work.faults["handle"] = [fault]
        subscription.steps.clear()
        work.journal.clear()
        runner.offer(records(3, 6))
        await become(lambda: runner.active and "acquire" in work.journal, "the lane is held again")
        assert work.journal[:3] == ["handle", "abandon", "acquire"]
        assert subscription.steps == [("pause", PARTITION), ("seek 3", PARTITION), ("resume", PARTITION)]
        runner.offer(records(3, 8))
        await become(lambda: len(work.handled) >= 8, "what the fault had interrupted is handled")
        assert work.handled == list(range(8))


@pytest.mark.parametrize("step", ["acquire", "idle"])
async def test_recovers_from_faults_outside_batches_too(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.runner.IDLE_SECONDS", 0.005)
    work = WorkOnScript()
    work.faults[step] = [Unavailable("Postgres", "away for the test")] * 3
    async with held(work, SubscriptionInMemory()) as runner:
        await become(lambda: not work.faults[step], "the faults are over")
        await become(lambda: runner.active, "the lane is held again")
        runner.offer(records(0, 2))
        await become(lambda: work.handled == [0, 1], "it works")


async def test_keeps_nothing_of_what_is_fetched_while_it_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker may hold the lane now: what was fetched for this one says nothing about where it goes on."""
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.3)
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        runner.offer(records(0, 3))
        await become(lambda: work.handled == [0, 1, 2], "the first batch is handled")
        work.faults["handle"] = [Unavailable("Postgres", "away for the test")]
        runner.offer(records(3, 6))
        await become(lambda: not runner.active, "the lane is dropped")
        for _ in range(3):
            runner.offer(records(3, 3 + MAX_QUEUED_RECORDS, timestamp=7))
        assert runner.oldest_waiting_ms != 7, "records wait in the queue of a lane that is not held"
        await become(lambda: runner.active, "the lane is held again")
        runner.offer(records(3, 5))
        await become(lambda: len(work.handled) >= 5, "what is read again is handled")
        assert work.handled == [0, 1, 2, 3, 4]


async def test_forgets_what_was_queued_before_it_was_taken_again() -> None:
    """Else what lies behind the batch that failed would be handled before it, and it never."""
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.going.clear()
        runner.offer(records(0, 1))
        await become(lambda: "handle" in work.journal, "the first batch is in hand")
        runner.offer(records(1, MAX_BATCH_RECORDS + 11))
        work.faults["handle"] = [Unavailable("Postgres", "away for the test")]
        work.going.set()
        await become(lambda: runner.active and work.journal.count("acquire") == 2, "the lane is held again")
        runner.offer(records(1, MAX_BATCH_RECORDS + 11))
        await become(lambda: len(work.handled) >= MAX_BATCH_RECORDS + 11, "all is handled")
        assert work.handled == list(range(MAX_BATCH_RECORDS + 11))


async def test_does_not_handle_what_lies_below_the_place_of_its_last_seek() -> None:
    """What the new start has passed is no reason to pass over anything: the lane looks again what its topic is."""
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        runner.offer(records(0, 3))
        await become(lambda: work.handled == [0, 1, 2], "the first batch is handled")
        work.faults["handle"] = [Restart("moved for the test")]
        work.consumed = 10  # another owner has handled these
        runner.offer(records(3, 6))
        await become(lambda: runner.active and work.journal.count("acquire") == 2, "the lane is held again")
        runner.offer(records(6, 12))
        await become(lambda: runner.active and work.journal.count("acquire") == 3, "the lane has looked again")
        runner.offer(records(10, 12))
        await become(lambda: 11 in work.handled, "what is new is handled")
        assert work.handled == [0, 1, 2, 10, 11]
