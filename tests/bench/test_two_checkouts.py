"""Two checkouts are measured in turn, each by its own code, and the peer in turn with both."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from infra.measuring.bench.checkout import Checkout, UnusableCheckout, other_checkout, this_checkout
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.run import PEER, Plan, Run, Turn, ratios_of

OURS, THEIRS = Checkout("ours", "python"), Checkout("theirs", "python")
TURNS = [("commands", OURS), ("commands", THEIRS), (PEER, None)]


class Rates:
    """Works whose rates are 1, 2, 3 …; the one with number `failing` fails."""

    def __init__(self, failing: int = 0) -> None:
        self.measured: list[str] = []
        self._failing = failing

    def turns(self) -> list[Turn]:
        return [
            Turn(part, checkout, self._work(PEER if checkout is None else checkout.name)) for part, checkout in TURNS
        ]

    def _work(self, name: str) -> Callable[[], Awaitable[object]]:
        async def work() -> object:
            self.measured.append(name)
            if len(self.measured) == self._failing:
                raise ConnectionError("a server is gone")
            return Drained(float(len(self.measured)), {}, 0.0, 0.0, 1)

        return work


async def test_take_turns_in_each_round_and_the_peer_with_them() -> None:
    said: list[str] = []
    rates, run = Rates(), Run([OURS, THEIRS], Plan(("commands", PEER), rounds=3))
    await run.in_rounds(rates.turns(), said.append)
    assert rates.measured == ["ours", "theirs", PEER, PEER, "theirs", "ours", "ours", "theirs", PEER]
    assert said[-2:] == ["commands, round 3 of 3: theirs", "peer, round 3 of 3"]
    ours, theirs = run.measured()
    assert [result.per_second for result in ours.rounds["commands"]] == [1, 6, 7]
    assert [result.per_second for result in theirs.rounds["commands"]] == [2, 5, 8]
    assert theirs.medians["commands"].per_second == 5, "of all rounds the middle one"
    assert ours.medians[PEER] == theirs.medians[PEER]


async def test_that_end_early_have_the_rounds_that_both_have_had() -> None:
    run = Run([OURS, THEIRS], Plan(("commands", PEER), rounds=3))
    with pytest.raises(ConnectionError):
        await run.in_rounds(Rates(failing=8).turns(), lambda _: None)
    ours, theirs = run.measured()
    assert [result.per_second for result in ours.rounds["commands"]] == [1, 6]
    assert [result.per_second for result in theirs.rounds["commands"]] == [2, 5]


async def test_that_end_in_the_first_round_have_nothing_to_compare() -> None:
    run = Run([OURS, THEIRS], Plan(("commands",)))
    with pytest.raises(ConnectionError):
        await run.in_rounds(Rates(failing=2).turns(), lambda _: None)
    assert [measured.medians for measured in run.measured()] == [{}, {}]


async def test_are_not_compared_by_the_peer_which_is_the_same_for_both() -> None:
    run = Run([OURS, THEIRS], Plan(("commands", PEER), rounds=1))
    await run.in_rounds(Rates().turns(), lambda _: None)
    assert {place: ratio.ratio for place, ratio in ratios_of(*run.measured()).items()} == {"commands.per_second": 0.5}


def test_are_not_the_same_code_under_two_names(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    with pytest.raises(UnusableCheckout, match="runs the code of"):
        other_checkout(tmp_path)


def test_need_an_environment_each(tmp_path: Path) -> None:
    with pytest.raises(UnusableCheckout, match="there is no"):
        other_checkout(tmp_path)


def test_are_called_by_their_folder_and_commit() -> None:
    assert this_checkout().name.startswith(Path(__file__).parents[2].name)
    assert os.access(this_checkout().python, os.X_OK)
