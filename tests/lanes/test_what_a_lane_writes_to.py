"""A lane looks from time to time whether what it writes to still is as it was, busy or idle."""

import pytest

from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from workers.lanes.runner import EXAMINE_INTERVAL_SECONDS, LaneRunner
from workers.ports.lanes import Unavailable
from workers.ports.log import TopicMisfit


class Held:
    """A lane on a clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.work, self.subscription = WorkOnScript(), SubscriptionInMemory()
        self.runner = LaneRunner("command", PARTITION, self.work, self.subscription, lambda: self.now)
        self.handled = 0

    async def begin(self) -> None:
        self.runner.start()
        await become(lambda: self.runner.active, "the lane is held")

    async def batch(self) -> None:
        """One record is fetched and handled, and what comes behind it is done."""
        self.handled += 1
        self.runner.offer(records(self.handled - 1, self.handled))
        await become(lambda: len(self.work.handled) == self.handled, "the record is handled")
        moved = self.work.journal.count("idle")
        await become(lambda: self.work.journal.count("idle") > moved, "the lane is idle again")

    def looks(self) -> int:
        return self.work.journal.count("examine")


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    monkeypatch.setattr("workers.lanes.runner.IDLE_SECONDS", 0.002)
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.001)


async def test_is_looked_at_when_it_is_time_and_once() -> None:
    holder = Held()
    await holder.begin()
    looks = []
    for seconds in (0.0, EXAMINE_INTERVAL_SECONDS - 0.5, 0.5, 0.0, EXAMINE_INTERVAL_SECONDS):
        holder.now += seconds
        await holder.batch()
        looks.append(holder.looks())
    await holder.runner.stop(5.0)
    assert looks == [0, 0, 1, 1, 2]


async def test_may_be_away_for_a_look_without_stopping_the_lane() -> None:
    holder = Held()
    await holder.begin()
    holder.work.faults["examine"] = [Unavailable("Kafka", "away for the test")]
    holder.now += EXAMINE_INTERVAL_SECONDS
    await holder.batch()
    await holder.batch()
    await holder.runner.stop(5.0)
    assert (holder.looks(), holder.work.journal.count("acquire")) == (1, 1)


async def test_that_has_another_number_of_partitions_stops_the_lane() -> None:
    holder = Held()
    await holder.begin()
    holder.work.faults["examine"] = [TopicMisfit("users.events", 3, 6)]
    holder.now += EXAMINE_INTERVAL_SECONDS
    await become(lambda: holder.work.journal.count("acquire") == 2 and holder.runner.active, "the lane is taken again")
    await holder.runner.stop(5.0)
    assert holder.work.journal[holder.work.journal.index("examine") + 1 :][:2] == ["abandon", "acquire"]
