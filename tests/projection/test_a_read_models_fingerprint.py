"""A read model's fingerprint changes with the code of its domain that it is made by, and with nothing else."""

import importlib
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from workers.fingerprint import fingerprint

SOURCES: Mapping[str, str] = {
    "domains/shop/__init__.py": "",
    "domains/shop/money.py": "class Money:\n    places = 2\n",
    "domains/shop/prices.py": "from domains.shop.money import Money\n\n\ndef price(value):\n    return value, Money\n",
    "domains/shop/card.py": "import json\n\nfrom domains.bank.account import interest\nfrom domains.shop.prices import "
    "price\n\n\ndef evolve(card, event):\n    return price(event), interest, json\n",
    "domains/shop/unrelated.py": "def other():\n    return 1\n",
    "domains/bank/account.py": "def interest():\n    return 1\n",
    "shopping/card.py": "def evolve(card, event):\n    return card\n",
}

Write = Callable[[Mapping[str, str]], str]


@pytest.fixture
def fingerprint_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """The fingerprint of `domains.shop.card.evolve`, with these sources in place of the usual ones."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def forget() -> None:
        for name in [module for module in sys.modules if module.partition(".")[0] in ("domains", "shopping")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        linecache.clearcache()

    def write(changes: Mapping[str, str]) -> str:
        forget()
        for name, text in {**SOURCES, **changes}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.import_module("domains.shop.unrelated")
        return fingerprint(importlib.import_module("domains.shop.card").evolve)

    yield write
    forget()


def test_is_twelve_hexadecimal_digits(fingerprint_after: Write) -> None:
    digest = fingerprint_after({})
    assert len(digest) == 12
    assert int(digest, 16) >= 0


@pytest.mark.parametrize("name", ["domains/shop/card.py", "domains/shop/prices.py", "domains/shop/money.py"])
def test_changes_with_its_own_module_and_those_of_its_domain_near_and_far(fingerprint_after: Write, name: str) -> None:
    usual = fingerprint_after({})
    assert fingerprint_after({name: SOURCES[name] + "\nMORE = 1\n"}) != usual
    assert fingerprint_after({}) == usual


@pytest.mark.parametrize("name", ["domains/shop/unrelated.py", "domains/bank/account.py", "shopping/card.py"])
def test_does_not_change_with_what_it_does_not_use_or_what_is_another_domains(
    fingerprint_after: Write, name: str
) -> None:
    assert fingerprint_after({name: SOURCES[name] + "\nMORE = 1\n"}) == fingerprint_after({})


def test_does_not_change_with_comments_docstrings_and_layout(fingerprint_after: Write) -> None:
    name = "domains/shop/prices.py"
    commented = SOURCES[name].replace("    return", '    """The price."""\n\n    # as agreed\n    return')
    assert fingerprint_after({name: f'"""Prices."""\n{commented}'}) == fingerprint_after({})


def test_distinguishes_a_text_that_does_something_from_a_docstring(fingerprint_after: Write) -> None:
    usual = fingerprint_after({"domains/shop/money.py": "class Money:\n    places = 'two'\n"})
    assert fingerprint_after({"domains/shop/money.py": "class Money:\n    places = 'three'\n"}) != usual


def test_is_that_of_all_functions_whatever_their_order(fingerprint_after: Write) -> None:
    fingerprint_after({})
    evolve = importlib.import_module("domains.shop.card").evolve
    other = importlib.import_module("domains.shop.unrelated").other
    assert fingerprint(evolve, other) == fingerprint(other, evolve)
    assert fingerprint(evolve, other) != fingerprint(evolve)


def test_is_the_same_for_functions_of_one_module(fingerprint_after: Write) -> None:
    digest = fingerprint_after({"shopping/card.py": "def evolve():\n    return 1\n\n\ndef indexes():\n    return 2\n"})
    shopping = importlib.import_module("shopping.card")
    assert fingerprint(shopping.evolve) == fingerprint(shopping.indexes) != digest


def test_raises_for_a_module_whose_source_is_gone(fingerprint_after: Write, tmp_path: Path) -> None:
    """Otherwise all its versions would have the same fingerprint."""
    fingerprint_after({})
    other = importlib.import_module("domains.shop.unrelated").other
    (tmp_path / "domains/shop/unrelated.py").unlink()
    linecache.clearcache()
    with pytest.raises(OSError, match=r"unrelated\.py"):
        fingerprint(other)
