"""A snapshot's fingerprint changes with whatever could have led to another state, and with nothing else of the kind."""

import importlib
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from contracts.catalogue import stored_events
from workers import fingerprint
from workers.command import snapshots
from workers.command.snapshots import snapshot_fingerprint
from workers.domain import contexts
from workers.fingerprint import fingerprint_with_imports

SOURCES: Mapping[str, str] = {
    "models/fields.py": "MOST = 5\n",
    "models/events.py": "from models.fields import MOST\n\n\nclass Happened:\n    most = MOST\n",
    "shop/__init__.py": "",
    "shop/rules/rounding.py": "def rounded(value):\n    return round(value, 2)\n",
    "shop/rules/prices.py": "import models.events\n\nfrom . import rounding\n\n\ndef price(value):\n"
    "    return rounding.rounded(value)\n",
    "shop/orders/decider.py": "import json\n\nfrom shop.rules import prices\n\n\ndef evolve(state, event):\n"
    "    return state + prices.price(event)\n",
    "shop/unrelated.py": "NUMBER = 1\n",
    "elsewhere/thing.py": "NUMBER = 1\n",
}

Write = Callable[[Mapping[str, str]], str]


@pytest.fixture
def fingerprint_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """The fingerprint of `evolve` and of the event, with these sources in place of the usual ones."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def imported(name: str) -> ModuleType:
        return importlib.import_module(name)

    def forget() -> None:
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in ("models", "shop", "elsewhere"):
                del sys.modules[name]
        importlib.invalidate_caches()
        linecache.clearcache()
        fingerprint_with_imports.cache_clear()

    def write(changes: Mapping[str, str]) -> str:
        forget()
        for name, text in {**SOURCES, **changes}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        imported("shop.unrelated")
        imported("elsewhere.thing")
        return fingerprint_with_imports(imported("shop.orders.decider").evolve, imported("models.events").Happened)

    yield write
    forget()


@pytest.mark.parametrize(
    "name", ["shop/orders/decider.py", "shop/rules/prices.py", "shop/rules/rounding.py", "models/fields.py"]
)
def test_changes_with_code_that_it_leans_on_near_and_far(fingerprint_after: Write, name: str) -> None:
    usual = fingerprint_after({})
    assert fingerprint_after({name: SOURCES[name] + "\nMORE = 1\n"}) != usual
    assert fingerprint_after({}) == usual


@pytest.mark.parametrize("name", ["shop/unrelated.py", "elsewhere/thing.py"])
def test_does_not_change_with_what_it_does_not_use(fingerprint_after: Write, name: str) -> None:
    assert fingerprint_after({name: "NUMBER = 2\n"}) == fingerprint_after({})


def test_does_not_change_with_comments_and_layout(fingerprint_after: Write) -> None:
    name = "shop/rules/rounding.py"
    commented = '"""What is said about it."""\n# more\n' + SOURCES[name].replace("\n    return", "\n\n    return")
    assert fingerprint_after({name: commented}) == fingerprint_after({})


def test_covers_what_is_taken_from_a_folder_whose_own_module_is_empty(fingerprint_after: Write) -> None:
    name = "shop/orders/decider.py"
    changed = {name: "from shop import unrelated\n\n\ndef evolve(state, event):\n    return unrelated.NUMBER\n"}
    usual = fingerprint_after(changed)
    assert fingerprint_after({**changed, "shop/unrelated.py": "NUMBER = 2\n"}) != usual
    assert fingerprint_after({**changed, "shop/__init__.py": "# nothing\n"}) == usual


@pytest.mark.parametrize("name", list(contexts()))
def test_covers_the_fields_that_events_are_made_of(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand in modules that every context uses: a change there may read the same event as another one."""
    looked_at: set[str] = set()
    normalized = fingerprint._normalized

    def noting(source: str) -> str:
        looked_at.add(source.partition("\n")[0])
        return normalized(source)

    monkeypatch.setattr(fingerprint, "_normalized", noting)
    fingerprint_with_imports.cache_clear()
    snapshot_fingerprint(name, contexts()[name].decider, stored_events())
    for module in (
        "contracts.fields",
        "contracts.message",
        f"contracts.{name}.events",
        f"workers.domain.{name}.decider",
    ):
        path = sys.modules[module].__file__
        assert path is not None
        assert Path(path).read_text("utf-8").partition("\n")[0] in looked_at, module


def test_changes_with_the_way_in_which_states_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    decider, events = contexts()["users"].decider, stored_events()
    usual = snapshot_fingerprint("users", decider, events)
    assert snapshot_fingerprint("users", decider, events.of("users")) == usual, "no event of other contexts counts"
    monkeypatch.setattr(snapshots, "FORMAT", 2)
    changed = snapshot_fingerprint("users", decider, events)
    assert changed != usual
    monkeypatch.setattr("pydantic.VERSION", "99.0")
    assert snapshot_fingerprint("users", decider, events) not in (usual, changed)
