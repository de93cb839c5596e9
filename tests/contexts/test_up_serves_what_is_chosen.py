"""`annals up` in a folder of somebody else's project, with a context of their own: the whole way on real servers."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.settings import Settings
from tests.contexts.distributions import install_tickets
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

ANNALS = (sys.executable, "-P", "-m", "infra.cli.main")
ROOT = Path(__file__).parents[2]
HOSTILE = ("infra", "contracts", "workers", "typer")


class Project:
    """A folder of somebody else's, on whose names Annals must not stumble, and an installation beside it."""

    def __init__(self, folder: Path, settings: Settings, contexts: str) -> None:
        self.folder = folder / "project"
        for name in HOSTILE:
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "__init__.py").write_text("raise SystemExit('a stranger')", "utf-8")
        install_tickets(folder / "site-packages")
        outside = {name: value for name, value in os.environ.items() if not name.startswith("ANNALS_")}
        self.environment = {
            **outside,
            **settings.environment(),
            "PYTHONPATH": str(folder / "site-packages"),
            "ANNALS_CONTEXTS": contexts,
            "ANNALS_HTTP_PORT": "0",
            "ANNALS_PARTITIONS": "2",
        }

    async def annals(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command line to its end: exit code, output, errors."""
        child = await asyncio.create_subprocess_exec(
            *ANNALS, *arguments, cwd=self.folder, env=self.environment, stdout=-1, stderr=-1
        )
        async with asyncio.timeout(90):
            output, errors = await child.communicate()
        return child.returncode or 0, output.decode(), errors.decode()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[httpx.AsyncClient]:
        """Everything, and a client of its gateway; it is stopped by `annals down`."""
        log = self.folder / "up.log"
        with log.open("wb") as output:
            child = await asyncio.create_subprocess_exec(
                *ANNALS, "up", "--json", cwd=self.folder, env=self.environment, stdout=output, stderr=output
            )
        try:

            async def url() -> str | None:
                lines = log.read_text("utf-8").splitlines()
                assert child.returncode is None, "\n".join(lines[-30:])
                ready = [line for line in lines if '"kind": "ready"' in line]
                return json.loads(ready[0])["gateway_url"] if ready else None

            address = str(await until(url, "annals up is ready", seconds=120, every=0.2))
            async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as http:
                yield http
            code, _, errors = await self.annals("down")
            assert code == 0, errors
            async with asyncio.timeout(60):
                assert await child.wait() == 0, log.read_text("utf-8")[-3000:]
        finally:
            if child.returncode is None:
                child.send_signal(signal.SIGINT)
                await child.wait()


async def test_a_context_of_somebody_else_is_served_without_a_line_for_http(settings: Settings, tmp_path: Path) -> None:
    project = Project(tmp_path, settings, "tickets,users")
    async with project.up() as http:
        opened = await http.post("/tickets/t-1/OpenTicket", json={"title": "Cold KETTLE", "pass_phrase": "sesame"})
        assert (opened.status_code, opened.headers["location"]) == (201, "/tickets/help_desk/t-1"), opened.text
        seen = {"X-Annals-Position": opened.headers["x-annals-position"]}
        card = await http.get("/tickets/help_desk/t-1", headers=seen)
        assert card.json() == {
            "ticket_id": "t-1",
            "title": "Cold KETTLE",
            "hours": None,
            "status": "open",
            "version": 1,
        }
        other = await http.post("/tickets/t-2/OpenTicket", json={"title": "No tea"})
        seen = {"X-Annals-Position": f"{seen['X-Annals-Position']},{other.headers['x-annals-position']}"}
        listed = await http.get("/tickets/help_desk", params={"title": "cold kettle", "status": "open"}, headers=seen)
        assert [card["ticket_id"] for card in listed.json()["documents"]] == ["t-1"], listed.text
        unfit = await http.post("/tickets/t-3/OpenTicket", json={"title": "?"})
        assert (unfit.status_code, unfit.json()["code"]) == (422, "UnfitTitle")
        absent = await http.post("/tickets/t-3/CloseTicket")
        assert (absent.status_code, absent.json()["code"]) == (404, "TicketNotFound")
        assert (await http.post("/orders", json={})).status_code == 404, "orders are not chosen"

        code, output, errors = await project.annals("send", "tickets.CloseTicket", "ticket_id=t-1", "--json")
        assert (code, json.loads(output)["stream_version"]) == (0, 2), errors
        was = await http.get("/tickets/help_desk/t-1", params={"at": "1"})
        assert was.json()["status"] == "open"
        await until(lambda: _status(http, "t-1", "closed"), "the ticket is shown as closed", seconds=30)
        history = (await http.get("/tickets/help_desk/t-1/history")).json()
        assert [event["type"] for event in history["events"]] == ["tickets.TicketOpened.v1", "tickets.TicketClosed.v1"]

        user = await http.post("/users", json={"first_name": "A", "last_name": "L", "email": "a@example.org"})
        user_id = user.json()["stream_id"]
        seen = {"X-Annals-Position": user.headers["x-annals-position"]}
        shown = await http.get(f"/users/{user_id}", headers=seen)
        assert (shown.status_code, shown.json()["order_count"]) == (200, 0), shown.text
        past = await http.get(f"/users/{user_id}?at=1")
        assert (past.status_code, past.json()["order_count"]) == (200, 0), past.text

        document = (await http.get("/openapi.json")).text
        assert "/tickets/{ticket_id}/OpenTicket" in document
        assert "sesame" not in document + json.dumps(history)
        code, output, errors = await project.annals("topics", "acls")
        assert ("tickets.commands" in output, "orders.commands" in output) == (True, False), errors
        code, output, errors = await project.annals("verify", "--json")
        assert code == 0, output + errors
    assert "sesame" not in (project.folder / "up.log").read_text("utf-8")


async def _status(http: httpx.AsyncClient, ticket_id: str, wanted: str) -> bool:
    card: dict[str, Any] = (await http.get(f"/tickets/help_desk/{ticket_id}")).json()
    return bool(card["status"] == wanted)


@pytest.mark.parametrize(
    ("contexts", "code", "told"),
    [
        ("ticket", 2, "There is no context ticket to serve. Did you mean tickets?"),
        ("orders,tickets", 1, "The context orders needs the context"),
        ("Tickets", 2, "ANNALS_CONTEXTS: Value error, must have the form users,shipments"),
    ],
)
async def test_what_cannot_be_served_is_refused_before_anything_starts(
    tmp_path: Path, contexts: str, code: int, told: str
) -> None:
    project = Project(tmp_path, Settings(home=tmp_path / "home"), contexts)
    ended, _, errors = await project.annals("up")
    assert (ended, told in errors) == (code, True), errors
    assert "Traceback" not in errors
