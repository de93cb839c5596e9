"""The delays of a lane whose server stays away: longer from fault to fault up to a bound, and short again at last."""

from collections.abc import Callable

import pytest

from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript
from workers.lanes.runner import LaneRunner
from workers.ports.lanes import Unavailable


async def waits_said(
    monkeypatch: pytest.MonkeyPatch, faults: int, worked_seconds: Callable[[int], float]
) -> list[float]:
    """The delays that are logged by a lane whose taking fails so often, by a clock that the test moves: before the
    fault of a number, it had worked for so many seconds.
    """
    now = [1000.0]
    delays: list[float] = []

    async def pause(_: LaneRunner, seconds: float) -> None:
        delays.append(seconds)

    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.2)
    monkeypatch.setattr("workers.lanes.runner.MAX_RETRY_DELAY_SECONDS", 10.0)
    monkeypatch.setattr("workers.lanes.runner.random.uniform", lambda *_: 1.0)
    monkeypatch.setattr(LaneRunner, "_pause_for", pause)

    class Failing(WorkOnScript):
        async def take(self) -> int:
            now[0] += worked_seconds(len(delays))
            return await super().take()

    work = Failing()
    work.faults["take"] = [Unavailable("Postgres", "away for the test")] * faults
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
