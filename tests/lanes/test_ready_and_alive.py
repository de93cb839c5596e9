"""A process is ready when its lanes have caught up, and alive as long as there is progress, or nothing to do."""

import pytest

from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.test_a_lane_of_this_process import held as held_alone
from tests.lanes.test_the_lanes_of_a_process import FIRST, Process
from tests.lanes.work import SubscriptionInMemory, WorkOnScript, records
from workers import telemetry
from workers.lanes.watch import CAUGHT_UP_SECONDS, Watch
from workers.ports.lanes import Unavailable


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at every turn; and the patience that a test has."""
    monkeypatch.setattr("workers.lanes.host.FETCH_WAIT_SECONDS", 0.002)
    monkeypatch.setattr("workers.lanes.watch.LOOK_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.01)
    monkeypatch.setattr("workers.lanes.runner.IDLE_SECONDS", 0.01)


def lag(follower: str = "") -> tuple[float, float]:
    """In records and in seconds, as a scrape sees it."""
    place = ("command", follower, *map(str, FIRST))
    return telemetry.LAG.labels(*place)._value.get(), telemetry.LAG_SECONDS.labels(*place)._value.get()


async def test_is_not_ready_before_it_has_caught_up() -> None:
    process = Process()
    work = process.works[FIRST]
    work.going.clear()
    async with process.running():
        process.subscription.write(FIRST, 10)
        await process.subscription.give(FIRST)
        await become(lambda: "handle" in work.journal, "the first batch is in hand")
        await become(lambda: lag()[0] == 10, "the lag is seen")
        assert process.host.holding
        assert not process.host.ready, "ten records of long ago are not handled"
        work.going.set()
        await become(lambda: process.host.ready, "it has caught up")
        assert lag() == (0, 0)


@pytest.mark.parametrize(("seconds", "ready"), [(CAUGHT_UP_SECONDS, True), (11, False), (1000, False)])
async def test_is_ready_when_what_waits_was_written_ten_seconds_ago_at_most(
    seconds: float, ready: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_ms = 1_800_000_000_000
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    watch = Watch("command", subscription)
    async with held_alone(work, subscription) as runner:
        subscription.topics[FIRST] = records(0, 2, FIRST, timestamp=written_ms)
        subscription.position[FIRST] = 1
        runner.offer(subscription.topics[FIRST][:1])
        await become(lambda: work.handled == [0], "one of two records is handled")
        await become(lambda: runner.next_offset == 1, "the lane has moved on")
        monkeypatch.setattr("workers.lanes.watch.time.time", lambda: written_ms / 1000 + seconds)
        await watch.look([runner])
        assert lag() == (1, seconds)
        assert runner.caught_up == ready


async def test_two_followers_of_one_topic_show_each_its_own_lag() -> None:
    slow, quick = Process("orders"), Process("users/orders")
    slow.works[FIRST].going.clear()
    async with slow.running(), quick.running():
        for process in (slow, quick):
            process.subscription.write(FIRST, 10)
            await process.subscription.give(FIRST)
        await become(lambda: lag("orders")[0] == 10, "the lag of one is seen")
        await become(lambda: quick.host.ready, "the other has caught up")
        assert lag("users/orders") == (0, 0)
        assert (lag("orders")[0], slow.host.ready) == (10, False)
        slow.works[FIRST].going.set()
        await become(lambda: slow.host.ready, "it has caught up")


async def test_is_not_ready_while_a_server_is_away_and_ready_again_by_itself() -> None:
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it has caught up")
        work.faults["acquire"] = [Unavailable("Postgres", "away for the test")] * 3
        work.faults["idle"] = [Unavailable("Postgres", "away for the test")]
        await become(lambda: not process.host.ready, "the lane is dropped")
        assert process.host.alive, "waiting for a server is what it should do"
        await become(lambda: process.host.ready, "the lane is held again")


async def test_is_not_ready_while_the_log_does_not_say_where_it_ends() -> None:
    process = Process()
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it has caught up")
        process.subscription.ends_unknown = True
        await become(lambda: not process.host.ready, "it is unknown whether there is something to read")
        assert process.host.alive
        process.subscription.ends_unknown = False
        await become(lambda: process.host.ready, "it has caught up again")


async def test_is_not_alive_when_a_batch_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.host.LIVENESS_SECONDS", 0.3)
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it has caught up")
        assert process.host.alive
        work.going.clear()
        process.subscription.write(FIRST, 1)
        await become(lambda: not process.host.alive, "the batch has hung for too long")
        work.going.set()
        await become(lambda: process.host.alive, "it goes on")
