"""Two checkouts are measured in turn, each by its own code."""

import os
import sys
from pathlib import Path

import pytest

from infra.measuring.bench.checkout import Checkout, UnusableCheckout, other_checkout, this_checkout
from infra.measuring.bench.run import in_turn

OURS, THEIRS = Checkout("ours", "python"), Checkout("theirs", "python")


async def test_take_turns_in_each_round() -> None:
    measured: list[str] = []
    said: list[str] = []

    async def work(checkout: Checkout) -> object:
        measured.append(checkout.name)
        return len(measured)

    results = await in_turn([OURS, THEIRS], 3, work, said.append)
    assert measured == ["ours", "theirs"] * 3
    assert results == {OURS: [1, 3, 5], THEIRS: [2, 4, 6]}
    assert said[-1] == "round 3 of 3: theirs"


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
