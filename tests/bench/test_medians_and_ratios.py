"""Figures are medians over rounds, number by number; two checkouts are compared by the ratios of their medians."""

from typing import NamedTuple

from infra.measuring.bench.medians import median_of, plain, ratios


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
    assert ratios(first, second) == {"part.rate": 0.333, "part.cpu.worker": 1.667}


def test_plain_results_are_rounded() -> None:
    assert plain({"share": 1 / 3, "parts": (1, 2)}) == {"share": 0.3333, "parts": [1, 2]}
