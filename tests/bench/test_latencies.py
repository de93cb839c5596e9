"""Latencies count from when a command was due; what was never answered is counted, not forgotten."""

import asyncio

from infra.measuring.bench.latency.bare_worker import VALUE_BYTES, Passing
from infra.measuring.bench.latency.run import Pair
from infra.measuring.bench.latency.times import Times, open_loop


def test_are_the_middle_the_last_hundredth_and_the_highest() -> None:
    seconds = [number / 1000 for number in range(1, 201)]
    assert Times.of(seconds) == Times(101.0, 199.0, 200.0, 200, 0)


def test_without_an_answer_are_counted() -> None:
    assert Times.of([None, 0.25, None]) == Times(250.0, 250.0, 250.0, 1, 2)
    assert Times.of([None]) == Times(0.0, 0.0, 0.0, 0, 1)


def test_are_compared_with_their_floor() -> None:
    floor, annals = Times(2.0, 4.0, 5.0, 9, 0), Times(3.0, 10.0, 20.0, 9, 0)
    assert Pair.of(floor, annals)[2:] == (1.5, 2.5)
    assert Pair.of(Times.of([None]), annals)[2:] == (0.0, 0.0)


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


def test_of_the_floor_travel_in_records_of_a_fixed_size() -> None:
    passing = Passing(7, 3, 12.5, 13.25)
    assert len(passing.to_bytes()) == VALUE_BYTES
    assert Passing.read(passing.to_bytes()) == passing
