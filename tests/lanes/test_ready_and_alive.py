"""A process is ready when it serves the lanes that the group has given it, however far they are behind, and alive as
long as there is progress, or nothing to do.
"""

import pytest
from prometheus_client import REGISTRY

from tests.lanes.process import FIRST, SECOND, Process
from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.test_a_lane_of_this_process import held as held_alone
from tests.lanes.work import SubscriptionInMemory, WorkOnScript, records
from workers import telemetry
from workers.lanes.watch import CAUGHT_UP_SECONDS, Watch
from workers.ports.lanes import Unavailable
from workers.ports.log import Partition


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


def caught_up(follower: str = "") -> bool:
    """As a scrape sees it."""
    return bool(telemetry.CAUGHT_UP.labels("command", follower, *map(str, FIRST))._value.get())


def has_moved(partition: Partition) -> bool:
    """Whether the lane has moved."""
    lane = {"role": "command", "follower": "", **{name: str(value) for name, value in partition._asdict().items()}}
    return REGISTRY.get_sample_value("annals_lane_last_progress_timestamp_seconds", lane) is not None


async def test_is_ready_while_it_works_off_a_backlog_and_has_caught_up_after_it() -> None:
    process = Process()
    work = process.works[FIRST]
    work.going.clear()
    async with process.running():
        process.subscription.write(FIRST, 10)
        await process.subscription.give(FIRST)
        await become(lambda: "handle" in work.journal, "the first batch is in hand")
        await become(lambda: lag()[0] == 10, "the lag is seen")
        await become(lambda: process.host.ready, "it serves, ten records of long ago behind")
        assert not caught_up()
        work.going.set()
        await become(caught_up, "it has caught up")
        assert lag() == (0, 0)


async def test_is_not_ready_before_every_lane_is_acquired() -> None:
    process = Process()
    process.works[SECOND].faults["acquire"] = [Unavailable("Postgres", "away for the test")] * 6
    async with process.running():
        assert not process.host.ready, "the group has not given it anything"
        await process.subscription.give(FIRST, SECOND)
        await become(lambda: has_moved(FIRST), "one lane is acquired")
        assert not process.host.ready
        await become(lambda: process.host.ready, "both are")


async def test_is_ready_without_a_lane_when_all_are_with_others() -> None:
    """Else a rollout with more processes than lanes would never end."""
    process = Process()
    async with process.running():
        assert not process.host.ready, "it does not know yet"
        await process.subscription.give()
        await become(lambda: process.host.ready, "there is nothing more to hold")
        process.subscription.ends_unknown = True
        await become(lambda: not process.host.ready, "it could not serve if it were given one")


async def test_is_not_ready_between_two_assignments() -> None:
    process = Process()
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it is ready")
        await process.subscription.revoke(FIRST)
        assert not process.host.ready, "the group may give it the lane again, or another"
        await process.subscription.give(SECOND)
        await become(lambda: process.host.ready, "it is ready again")


async def test_is_ready_while_an_operator_has_not_acknowledged_that_commands_may_be_lost() -> None:
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        work.is_interrupted = True
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it serves what is there")
        lane = ("command", "", *map(str, FIRST))
        await become(lambda: telemetry.INTERRUPTED.labels(*lane)._value.get() == 1, "and tells the operator")


@pytest.mark.parametrize(("seconds", "is_caught_up"), [(CAUGHT_UP_SECONDS, True), (11, False), (1000, False)])
async def test_has_caught_up_when_what_waits_was_written_ten_seconds_ago_at_most(
    seconds: float, is_caught_up: bool, monkeypatch: pytest.MonkeyPatch
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
        assert caught_up() == is_caught_up


async def test_two_followers_of_one_topic_show_each_its_own_lag() -> None:
    slow, quick = Process("orders"), Process("users/orders")
    slow.works[FIRST].going.clear()
    async with slow.running(), quick.running():
        for process in (slow, quick):
            process.subscription.write(FIRST, 10)
            await process.subscription.give(FIRST)
        await become(lambda: lag("orders")[0] == 10, "the lag of one is seen")
        await become(lambda: caught_up("users/orders"), "the other has caught up")
        assert lag("users/orders") == (0, 0)
        assert (lag("orders")[0], caught_up("orders")) == (10, False)
        slow.works[FIRST].going.set()
        await become(lambda: caught_up("orders"), "it has caught up")


async def test_is_not_ready_while_a_server_is_away_and_ready_again_by_itself() -> None:
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it is ready")
        work.faults["acquire"] = [Unavailable("Postgres", "away for the test")] * 3
        work.faults["idle"] = [Unavailable("Postgres", "away for the test")]
        await become(lambda: not process.host.ready, "the lane is dropped")
        assert process.host.alive, "waiting for a server is what it should do"
        await become(lambda: process.host.ready, "the lane is held again")


async def test_is_not_ready_while_a_lane_is_acquired_again_and_again_and_handles_nothing() -> None:
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it is ready")
        process.subscription.write(FIRST, 1)
        work.faults["handle"] = [Unavailable("Kafka", "a right is missing")] * 4
        await become(lambda: not process.host.ready, "the batch has failed")
        readiness = set()

        def has_failed_for_the_last_time() -> bool:
            if process.host.holding and work.faults["handle"]:
                readiness.add(process.host.ready)
            return not work.faults["handle"] and process.host.ready

        await become(has_failed_for_the_last_time, "the right is there")
        assert True not in readiness, "to hold a lane is not to serve it"


async def test_is_not_ready_while_the_log_does_not_say_where_it_ends() -> None:
    process = Process()
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it is ready")
        process.subscription.ends_unknown = True
        await become(lambda: not process.host.ready, "it is unknown whether there is something to read")
        assert process.host.alive
        process.subscription.ends_unknown = False
        await become(lambda: process.host.ready, "it is ready again")


async def test_is_not_alive_when_a_batch_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.host.LIVENESS_SECONDS", 0.3)
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        await process.subscription.give(FIRST)
        await become(lambda: process.host.ready, "it is ready")
        assert process.host.alive
        work.going.clear()
        process.subscription.write(FIRST, 1)
        await become(lambda: not process.host.alive, "the batch has hung for too long")
        work.going.set()
        await become(lambda: process.host.alive, "it goes on")
