"""The plan of faults is drawn from a seed and contains every kind in turn."""

from itertools import islice

import pytest

from infra.measuring.soak.fault_plan import FAMILIES, Fault, Kind, fault_plan, kinds_of


def _drawn(seed: int, count: int, quiet_seconds: float = 8.0) -> list[Fault]:
    return list(islice(fault_plan(tuple(Kind), quiet_seconds, seed), count))


def test_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert _drawn(7, 50) == _drawn(7, 50)
    assert _drawn(7, 50) != _drawn(8, 50)


def test_brings_each_kind_once_before_any_comes_again() -> None:
    drawn = [fault.kind for fault in _drawn(3, 5 * len(Kind))]
    for start in range(0, len(drawn), len(Kind)):
        assert sorted(drawn[start : start + len(Kind)]) == sorted(Kind)


def test_has_the_quiet_times_that_were_asked_for() -> None:
    quiet = [fault.quiet_seconds for fault in _drawn(1, 1000, quiet_seconds=10)]
    assert 5 <= min(quiet) < 6
    assert 14 < max(quiet) <= 15
    assert sum(quiet) / len(quiet) == pytest.approx(10, rel=0.05)


def test_ends_at_once_when_nothing_may_fail() -> None:
    assert list(fault_plan((), 1.0, 1)) == []


def test_families_hold_every_kind_once() -> None:
    assert sorted(kinds_of(tuple(FAMILIES))) == sorted(Kind)
