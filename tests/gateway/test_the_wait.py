"""How long the answer to a command is waited for: as the caller prefers, within a bound."""

import asyncio

import httpx
import pytest

from contracts.message import Command
from contracts.outcome import Outcome
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, is_problem
from tests.gateway.serving import client_of
from tests.gateway.test_bounds import COMMAND_ID, LONG_SECONDS, SHORT_SECONDS
from workers.gateway import request_headers
from workers.gateway.request_headers import wait_seconds
from workers.ports.commands import CommandMeta


class TestTheWait:
    @pytest.mark.parametrize(
        ("prefer", "seconds"),
        [
            ("wait=0", 0.0),
            ("wait=30", 30.0),
            ("wait=31", 30.0),
            ("wait=999999", 30.0),
            ("wait=9999999", 5.0),
            ("wait=-1", 5.0),
            ("respond-async", 0.0),
            ("return=minimal, wait=7", 7.0),
            (None, 5.0),
        ],
    )
    def test_is_what_was_preferred_within_its_bound(self, prefer: str | None, seconds: float) -> None:
        assert wait_seconds(prefer, otherwise=5.0) == seconds

    async def test_of_a_command_is_no_longer_than_its_bound(self) -> None:
        system = Waited()
        async with client_of(system) as http:
            answer = await http.post("/users", json=ADA, headers={"Prefer": "wait=86400"})
        assert answer.status_code == 201
        assert system.waits == [30.0]

    async def test_for_an_outcome_is_no_longer_than_its_bound(
        self, monkeypatch: pytest.MonkeyPatch, http: httpx.AsyncClient
    ) -> None:
        monkeypatch.setattr(request_headers, "MAX_WAIT_SECONDS", SHORT_SECONDS)
        async with asyncio.timeout(LONG_SECONDS):
            answer = await http.get(f"/commands/{COMMAND_ID}", headers={"Prefer": "wait=86400"})
        assert is_problem(answer, 404, "CommandNotFound")


class Waited(SystemInMemory):
    """Notes how long it is asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def ask(self, command: Command, meta: CommandMeta, wait_seconds: float) -> Outcome | None:
        self.waits.append(wait_seconds)
        return await super().ask(command, meta, wait_seconds)
