"""`annals verify --wait`: the seconds that what is on its way may take reach the verification."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.verify import app
from workers.operations.verification.settle_timer import SETTLE_SECONDS


class Opened(Exception):
    """Instead of a verification: how long it would have waited."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@pytest.fixture(autouse=True)
def no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def table(*_: Any, **__: Any) -> AsyncIterator[None]:
        yield None

    def opened(_: object, __: object, seconds: float) -> None:
        raise Opened(seconds)

    monkeypatch.setattr("infra.cli.table.event_table", table)
    monkeypatch.setattr("infra.processes.verification.open_sources", opened)


@pytest.mark.parametrize(
    ("arguments", "seconds"), [((), SETTLE_SECONDS), (("--wait", "0"), 0.0), (("--wait", "2.5"), 2.5)]
)
def test_as_long_as_it_is_told(arguments: tuple[str, ...], seconds: float) -> None:
    raised = CliRunner().invoke(app, arguments).exception
    assert isinstance(raised, Opened)
    assert raised.seconds == seconds


@pytest.mark.parametrize("wait", ["-1", "3601", "nan", "inf", "soon"])
def test_neither_less_than_nothing_nor_for_ever(wait: str) -> None:
    ran = CliRunner().invoke(app, ["--wait", wait])
    assert ran.exit_code == 2
    assert "--wait" in ran.output
