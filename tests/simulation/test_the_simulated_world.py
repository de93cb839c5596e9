"""The simulation does what it says: processes stop, wake and die as real ones do, and failing plans shrink."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from tests.simulation.captured_logs import quiet_logs
from tests.simulation.guards import without
from tests.simulation.killed_process import discard
from tests.simulation.loop import SimulatedLoop, Standstill
from tests.simulation.process import Process
from tests.simulation.schedule import planned, reduced, run, shrunk

Diary = list[tuple[float, str]]


def lived(disturb: Callable[[SimulatedLoop, Process], None], timeout_seconds: float = 3.0) -> Diary:
    """The diary of a process that sleeps a second at a time, and notes when it gives up and how it ended."""
    loop = SimulatedLoop(Random(1))  # type: ignore[abstract]  # asyncio's loops are not abstract, mypy's are
    process, diary = Process("sleeper"), Diary()
    clock = loop.clock_of(process)

    async def sleeper() -> None:
        try:
            async with asyncio.timeout(timeout_seconds):
                while True:
                    await asyncio.sleep(1)
                    diary.append((loop.now, f"clock {clock():.1f}"))
        except TimeoutError:
            diary.append((loop.now, "timeout"))
        finally:
            diary.append((loop.now, "end"))

    loop.spawn(process, sleeper)
    disturb(loop, process)
    with pytest.raises(Standstill):
        loop.run_while(lambda: True)
    lasting = list(diary)
    discard(process)
    return lasting


def test_time_jumps_to_the_next_timer() -> None:
    assert lived(lambda loop, process: None, 2.5) == [
        (1.0, "clock 1.0"),
        (2.0, "clock 2.0"),
        (2.5, "timeout"),
        (2.5, "end"),
    ]


def test_a_paused_process_finds_its_timers_over_when_it_wakes() -> None:
    def disturb(loop: SimulatedLoop, process: Process) -> None:
        loop.outside_at(1.5, loop.pause, process)
        loop.outside_at(10.0, loop.resume, process)

    assert lived(disturb) == [(1.0, "clock 1.0"), (10.0, "timeout"), (10.0, "end")]


def test_the_timers_of_a_suspended_process_stand_still_with_its_clock() -> None:
    def disturb(loop: SimulatedLoop, process: Process) -> None:
        loop.outside_at(1.5, lambda: loop.pause(process, suspended=True))
        loop.outside_at(10.0, loop.resume, process)

    assert lived(disturb, 2.5) == [(1.0, "clock 1.0"), (10.5, "clock 2.0"), (11.0, "timeout"), (11.0, "end")]


def test_nothing_of_a_killed_process_runs_again() -> None:
    def disturb(loop: SimulatedLoop, process: Process) -> None:
        loop.outside_at(1.5, loop.kill, process)

    assert lived(disturb) == [(1.0, "clock 1.0")]


def test_a_process_can_be_interrupted_between_any_two_steps() -> None:
    def lines_before(step: int) -> int:
        return len(lived(lambda loop, process: loop.interrupt(process, step, lambda: loop.kill(process))))

    lengths = [lines_before(step) for step in range(12)]
    assert lengths == sorted(lengths)
    assert set(lengths) >= {0, 1, 2}
    assert lengths[-1] == len(lived(lambda loop, process: None))


def test_a_failing_plan_shrinks_to_one_that_fails_alike() -> None:
    with quiet_logs(), without("unique_claims"):
        plan = next(plan for plan in map(planned, range(1, 100)) if run(plan).findings)
        kind = run(plan).findings[0].kind
        smaller = shrunk(plan, kind)
        assert len(smaller.submissions) <= 5, "two users with one address, and what makes them meet"
        assert len(smaller.faults) < len(plan.faults)
        assert kind in {finding.kind for finding in run(smaller).findings}
    with quiet_logs():
        assert not run(smaller).findings, "with the guard nothing is wrong"


def test_a_smaller_plan_is_given_by_numbers() -> None:
    plan = planned(7)
    smaller = reduced(plan, "1,2", "none")
    assert (smaller.faults, smaller.submissions) == (plan.faults[1:3], ())
