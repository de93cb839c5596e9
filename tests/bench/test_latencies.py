"""Latencies count from when a command was due; what was not answered has taken as long as was waited for it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

import pytest
import uvloop

from infra.kafka.bare_log import BareLog
from infra.measuring.bench.latency.bare_worker import VALUE_BYTES, Passing
from infra.measuring.bench.latency.floor import Floor, received
from infra.measuring.bench.latency.run import Pair
from infra.measuring.bench.latency.times import Times, open_loop
from infra.measuring.bench.medians import ratios
from infra.measuring.bench.progress import Stalled


def test_are_the_middle_the_last_hundredth_and_the_highest() -> None:
    seconds = [number / 1000 for number in range(1, 201)]
    assert Times.of("commands", seconds, 10.0) == Times(101.0, 199.0, 200.0, 200, 0)


def test_without_an_answer_are_as_long_as_was_waited() -> None:
    assert Times.of("commands", [None, 0.25, 0.5], 10.0) == Times(500.0, 10_000.0, 10_000.0, 2, 1)


def test_of_which_none_has_an_answer_are_no_figures() -> None:
    with pytest.raises(Stalled, match="commands stopped at 0 of 2"):
        Times.of("commands", [None, None], 10.0)


def test_are_compared_with_their_floor() -> None:
    floor, annals = Times(2.0, 4.0, 5.0, 9, 0), Times(3.0, 10.0, 20.0, 9, 0)
    assert Pair.of(floor, annals)[2:] == (1.5, 2.5)


def test_of_two_checkouts_are_compared_without_their_counts() -> None:
    assert set(ratios(Times(2.0, 4.0, 5.0, 9, 3), Times(2.0, 4.0, 5.0, 8, 4))) == {"p50", "p99", "highest"}


async def test_of_an_open_loop_are_in_the_order_of_what_was_due() -> None:
    dues: dict[int, float] = {}

    async def answered(number: int, due: float) -> bool:
        dues[number] = due
        return number != 1

    latencies = await open_loop(1000, 0.004, answered)
    assert [latency is None for latency in latencies] == [False, True, False, False]
    assert sorted(dues.values()) == [dues[number] for number in range(4)]


async def test_of_an_open_loop_do_not_wait_for_each_other() -> None:
    both_called = asyncio.Barrier(2)

    async def answered(_: int, __: float) -> bool:
        await both_called.wait()
        return True

    assert len(await open_loop(100, 0.02, answered)) == 2


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_of_an_open_loop_begin_only_when_they_are_due(run: Callable[[Coroutine[Any, Any, int]], int]) -> None:
    early: list[int] = []

    async def answered(number: int, due: float) -> bool:
        if time.monotonic() < due:
            early.append(number)
        assert len(asyncio.all_tasks()) < 50, "the calls that are not due yet have tasks already"
        return True

    async def calls() -> int:
        return len(await open_loop(10_000, 0.01, answered)) + len(await open_loop(400, 0.1, answered))

    assert run(calls()) == 140
    assert not early


async def test_of_an_open_loop_end_with_the_error_of_a_call_itself() -> None:
    async def answered(number: int, _: float) -> bool:
        if number == 1:
            raise ConnectionError("the server is gone")
        return True

    with pytest.raises(ConnectionError, match="the server is gone"):
        await open_loop(1000, 0.004, answered)


class EchoingLog:
    """A bare log whose worker sends back what it gets, but for the numbers in `lost`."""

    def __init__(self, lost: Sequence[int] = ()) -> None:
        self._lost = lost
        self._values: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, _: str, __: int, value: bytes) -> None:
        passing = Passing.read(value)
        if passing.number not in self._lost:
            self._values.put_nowait(passing._replace(committed=passing.due + 0.001).to_bytes())

    async def arrived(self) -> Sequence[bytes]:
        return [await self._values.get()]


def floor_over(log: object) -> Floor:
    return Floor(cast(BareLog, log), "requests", 1, 0.001, {})


async def test_of_the_floor_keep_nothing_of_what_was_answered_or_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.measuring.bench.latency.floor.ANSWER_SECONDS", 0.1)
    async with received(floor_over(EchoingLog(lost=[2]))) as floor:
        times = await floor.chain(1, 1000, 0.004)
    assert (times.answered, times.unanswered) == (3, 1)
    assert times.p50 == pytest.approx(1.0)
    assert times.highest == pytest.approx(100.0)
    assert not floor.waiting


async def test_of_the_floor_end_when_nothing_can_be_received() -> None:
    class BrokenLog(EchoingLog):
        async def arrived(self) -> Sequence[bytes]:
            raise ConnectionError("the broker is gone")

    with pytest.raises(ConnectionError, match="the broker is gone"):
        async with received(floor_over(BrokenLog())) as floor:
            await floor.there_and_back(10, 0.1)


def test_of_the_floor_travel_in_records_of_a_fixed_size() -> None:
    passing = Passing(7, 3, 12.5, 13.25)
    assert len(passing.to_bytes()) == VALUE_BYTES
    assert Passing.read(passing.to_bytes()) == passing
