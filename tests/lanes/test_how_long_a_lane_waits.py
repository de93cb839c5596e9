"""The delays of a lane whose server stays away: longer from fault to fault up to a bound, and short again at last."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from contracts.stored_events import NewerRelease
from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from workers.lanes.runner import LaneRunner
from workers.lanes.work import Contended, Restart
from workers.ports.lanes import Fenced, LaneKey, LaneSetBack, Unavailable
from workers.ports.log import PublishFailed


async def waits_said(
    monkeypatch: pytest.MonkeyPatch,
    faults: int,
    worked_seconds: Callable[[int], float],
    jitter: Callable[[float, float], float] = lambda *_: 1.0,
) -> list[float]:
    """The delays that are logged by a lane whose taking fails so often, by a clock that the test moves: before the
    fault of a number, it had worked for so many seconds. `jitter` draws the part of a delay that is waited.
    """
    now = [1000.0]
    delays: list[float] = []

    async def pause(_: LaneRunner, seconds: float) -> None:
        delays.append(seconds)

    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.2)
    monkeypatch.setattr("workers.lanes.runner.MAX_RETRY_DELAY_SECONDS", 10.0)
    monkeypatch.setattr("workers.lanes.runner.random.uniform", jitter)
    monkeypatch.setattr(LaneRunner, "_pause_for", pause)

    class Failing(WorkOnScript):
        async def acquire(self) -> int:
            now[0] += worked_seconds(len(delays))
            return await super().acquire()

    work = Failing()
    work.faults["acquire"] = [Unavailable("Postgres", "away for the test")] * faults
    runner = LaneRunner("command", PARTITION, work, SubscriptionInMemory(), lambda: now[0])
    runner.start()
    await become(lambda: runner.active, "the lane is held in the end")
    await runner.stop(5.0)
    return delays


async def test_waits_longer_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    delays = await waits_said(monkeypatch, 9, lambda _: 0.0)
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]


async def test_waits_as_at_first_after_it_has_worked_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    delays = await waits_said(monkeypatch, 8, lambda number: 10.1 if number == 4 else 9.9)
    assert delays == [0.2, 0.4, 0.8, 1.6, 0.2, 0.4, 0.8, 1.6]


@pytest.mark.parametrize(("drawn", "waits"), [(min, [0.16, 0.32]), (max, [0.24, 0.48])])
async def test_waits_a_fifth_less_or_more_so_that_not_all_come_back_at_once(
    drawn: Callable[[float, float], float], waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await waits_said(monkeypatch, 2, lambda _: 0.0, drawn) == pytest.approx(waits)


LANE_OF_THE_LOG = {"role": "command", "topic": PARTITION.topic, "partition": PARTITION.partition}


@pytest.mark.parametrize(
    ("fault", "level", "entries"),
    [
        (Unavailable("Postgres", "away for the test"), "warning", "lane waits"),
        (PublishFailed("broken for the test"), "warning", "lane waits"),
        (Contended("others got ahead for the test"), "warning", "lane waits"),
        (Fenced(LaneKey("command", PARTITION.topic, 0), 1), "warning", "lane lost to another worker"),
        (Restart("moved for the test"), "info", "lane starts over"),
        (NewerRelease("users.UserCreated.v9"), "error", "lane left to a newer release"),
        (LaneSetBack("the event (users, 0, 7)"), "error", "lane waits for an operator"),
        (ZeroDivisionError("a bug for the test"), "error", "lane stopped by a bug"),
    ],
)
async def test_says_which_lane_it_is_and_why(
    fault: Exception, level: str, entries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("runner.RETRY_DELAY_SECONDS", "faults.FENCED_DELAY_SECONDS", "faults.NEWER_RELEASE_DELAY_SECONDS"):
        monkeypatch.setattr(f"workers.lanes.{name}", 0.001)
    work = WorkOnScript()
    work.faults["acquire"] = [fault]
    runner = LaneRunner("command", PARTITION, work, SubscriptionInMemory())
    with capture_logs() as logs:
        runner.start()
        await become(lambda: runner.active, "the lane is held in the end")
        await runner.stop(5.0)
    (line,) = logs
    assert (line["log_level"], line["event"]) == (level, entries)
    assert {name: line[name] for name in LANE_OF_THE_LOG} == LANE_OF_THE_LOG
    assert line.get("reason", str(fault)) in str(fault)


async def test_says_where_the_topic_goes_on_when_that_is_not_behind_what_has_come() -> None:
    subscription = SubscriptionInMemory()
    subscription.topics[PARTITION] = records(0, 100)
    work = WorkOnScript()
    work.consumed = 5
    runner = LaneRunner("command", PARTITION, work, subscription)
    runner.start()
    await become(lambda: runner.active, "the lane is held")
    with capture_logs() as logs:
        runner.offer(records(3, 8))
        await become(lambda: len(work.taken_at) == 2, "the lane is taken again")
        await runner.stop(5.0)
    assert [entry["reason"] for entry in logs] == ["its topic continues at offset 3 instead of 5"]
