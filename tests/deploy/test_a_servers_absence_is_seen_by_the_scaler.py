"""The two metrics by which the scaler tells a server's absence from work: batches that end, and lanes that are held."""

import pytest

from tests.counted import Counted
from tests.lanes.test_a_lane_of_this_process import become, held
from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from workers.ports.lanes import Unavailable

HELD, ENDED = "annals_lanes_held", "annals_batch_seconds_count"


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("workers.lanes.runner.MAX_RETRY_DELAY_SECONDS", 0.01)


async def test_a_lane_with_work_whose_server_is_away_is_not_held_and_ends_no_batch() -> None:
    work = WorkOnScript()
    subscription = SubscriptionInMemory()
    async with held(work, subscription) as runner:
        counted = Counted(**{HELD: {"role": "command", "topic": PARTITION.topic}, ENDED: {"role": "command"}})
        away = [Unavailable("Postgres", "away for the test") for _ in range(100_000)]
        work.faults["handle"] = away[:1]
        work.faults["acquire"] = away[1:]
        runner.offer(records(0, 10))
        await become(lambda: len(work.dropped_at) > 10, "the lane is asked for again and again")
        assert counted.grown() == {HELD: -1, ENDED: 0}
        work.faults["acquire"].clear()
        await become(lambda: runner.active, "the server is back")
        assert counted.grown() == {HELD: 0, ENDED: 0}
        runner.offer(records(0, 10))
        await become(lambda: counted.grown()[ENDED] >= 1, "its work is done")


async def test_a_lane_without_work_is_held_and_ends_no_batch() -> None:
    """The control: an idle worker does not look like one whose server is away."""
    counted = Counted(**{HELD: {"role": "command", "topic": PARTITION.topic}, ENDED: {"role": "command"}})
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()):
        assert counted.grown() == {HELD: 1, ENDED: 0}
