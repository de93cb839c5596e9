"""Figures are medians over rounds, number by number; two checkouts are compared by the ratios of their medians."""

from typing import NamedTuple

from infra.measuring.bench.drained import Drained
from infra.measuring.bench.flat.lanes import AtLanes
from infra.measuring.bench.flat.streams import AtLength
from infra.measuring.bench.flat.tables import AtRows
from infra.measuring.bench.idle import Idle
from infra.measuring.bench.medians import Ratio, median_of, plain, ratios
from infra.measuring.bench.orders.burst import Orders
from infra.measuring.bench.reads.closed_loop import ReadRate


class Part(NamedTuple):
    rate: float
    cpu: dict[str, float]
    name: str = "same"


class Whole(NamedTuple):
    part: Part
    commands: int


ROUNDS = [
    Whole(Part(10.0, {"worker": 5.0, "postgres": 1.0}), 1),
    Whole(Part(30.0, {"worker": 3.0, "postgres": 9.0}), 3),
    Whole(Part(20.0, {"worker": 4.0, "postgres": 2.0}), 2),
]


def test_are_of_each_number_by_itself() -> None:
    assert median_of(ROUNDS) == Whole(Part(20.0, {"worker": 4.0, "postgres": 2.0}), 2)


def test_of_one_round_are_that_round() -> None:
    assert median_of(ROUNDS[:1]) == ROUNDS[0]


def test_compare_what_both_have_and_what_is_not_nothing() -> None:
    first, second = plain(ROUNDS[0]), plain(ROUNDS[1])
    del first["part"]["cpu"]["postgres"]
    second["commands"] = 0
    assert ratios(first, second) == {
        "part.rate": Ratio(10.0, 30.0, 10 / 30),
        "part.cpu.worker": Ratio(5.0, 3.0, 5 / 3),
    }


def test_compare_no_processor_time_of_a_few_clock_ticks() -> None:
    drained = Drained(1000.0, {"worker": 40.0, "redis": 1.0}, 0.8, 0.9, units=10_000)
    assert set(ratios(drained, drained)) == {"per_second", "used", "busy", "cpu_microseconds.worker"}
    orders = Orders(1000, 50.0, {"command": 1000.0, "redis": 10.0}, 1000.0, 0.5, 0.7, 0.8)
    assert {place for place in ratios(orders, orders) if "cpu" in place} == {
        "cpu_microseconds.command",
        "worker_cpu_microseconds",
    }
    idle = Idle(24, 60.0, 60.0, 0.03, {"kafka": 0.03, "redis": 0.0001})
    assert set(ratios(idle, idle)) == {"share", "share_by_process.kafka"}


def test_compare_no_amounts_that_were_asked_for() -> None:
    drained = Drained(1000.0, {}, 0.8, 0.9, units=10_000)
    results = (
        AtLanes(4, drained),
        AtRows(10_000, 0.5, drained, ReadRate(500.0, 1.0, 2.0, 300.0)),
        AtLength(100, 0.1, 5.0, 4.0, drained),
        Orders(1000, 50.0, {}, 1000.0, 0.5, 0.7, 0.8),
        Idle(24, 60.0, 60.0, 0.03, {}),
    )
    places = {place for result in results for place in ratios(result, result)}
    assert not places & {"lanes", "rows", "events", "orders", "seconds", "settle_seconds"}
    assert not [place for place in places if place.endswith("units")]


def test_plain_results_are_rounded() -> None:
    assert plain({"share": 1 / 3, "parts": (1, 2)}) == {"share": 0.3333, "parts": [1, 2]}
