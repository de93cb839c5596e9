"""A folder on Python's path that a test installs distributions into."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts import catalogue, installed
from workers import contexts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    known = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    _forget()
    yield tmp_path
    for name in set(sys.modules) - known:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
    _forget()


def _forget() -> None:
    for found in (installed.languages, catalogue.catalogue, catalogue.stored_events, contexts.installed, contexts.load):
        found.cache_clear()
