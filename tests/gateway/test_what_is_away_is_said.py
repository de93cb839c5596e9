"""The gateway says which server is away without a request, opens its database in the end, and never dies of it."""

import asyncio

import pytest
import structlog
from pydantic import SecretStr

from infra.processes import gateway
from infra.settings import Settings
from tests.waiting import until
from workers.gateway.servers import REMINDER_SECONDS, Servers
from workers.ports.lanes import Unavailable

AWAY = Unavailable("Redis", "WRONGPASS", "set it right")


class Scripted:
    """A check that raises what the script says, one a call; afterwards it passes."""

    def __init__(self, *faults: BaseException | None) -> None:
        self.faults = list(faults)

    async def __call__(self) -> None:
        if self.faults and (fault := self.faults.pop(0)):
            raise fault


async def content() -> None:
    """A server that answers."""


async def test_a_server_that_is_away_is_said_when_that_changes_and_each_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("workers.gateway.servers.monotonic", lambda: now)
    servers = Servers({"kafka": content, "redis": Scripted(AWAY, AWAY, AWAY, Unavailable("Redis", "gone"), None)})
    with structlog.testing.capture_logs() as lines:
        for line_count, after in ((1, 0.0), (1, 1.0), (2, REMINDER_SECONDS), (3, 1.0)):
            now += after
            assert await servers.missing() == ["redis"]
            assert len(lines) == line_count
        assert await servers.missing() == []
        assert await servers.missing() == []
    assert [line["log_level"] for line in lines] == ["warning"] * 3 + ["info"]
    assert "set it right" in lines[0]["reason"]


@pytest.mark.parametrize("fault", [ZeroDivisionError("a bug"), asyncio.CancelledError()], ids=repr)
async def test_a_check_that_fails_by_a_bug_is_not_ready_and_shown(fault: BaseException) -> None:
    servers = Servers({"kafka": Scripted(fault), "redis": content})
    with structlog.testing.capture_logs() as lines:
        assert await servers.missing() == ["kafka"]
        assert await servers.missing() == []
    assert lines[0]["log_level"] == "error"
    assert lines[0]["exc_info"] is fault


async def test_a_check_that_hangs_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.gateway.servers.CHECK_SECONDS", 0.01)
    with structlog.testing.capture_logs() as lines:
        assert await Servers({"kafka": lambda: asyncio.sleep(60)}).missing() == ["kafka"]
    assert "no answer within" in lines[0]["reason"]


async def test_the_watch_goes_on_whatever_the_checks_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.gateway.servers.WATCH_INTERVAL_SECONDS", 0.0)
    check = Scripted(AWAY, ZeroDivisionError("a bug"), asyncio.CancelledError(), AWAY)
    watching = asyncio.create_task(Servers({"kafka": check}).watch())
    await until(lambda: _true(not check.faults), "all of them were raised", every=0.001)
    assert not watching.done()
    watching.cancel()
    await asyncio.wait({watching}, timeout=5)
    assert watching.cancelled()


class LateDatabase:
    """A database that opens in the end."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.is_open = asyncio.Event()

    async def open(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.is_open.set()

    async def close(self) -> None: ...


async def test_the_database_is_opened_in_the_end_whatever_kept_it_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.processes.resources.RECONNECT_SECONDS", 0.001)
    database = LateDatabase(
        Unavailable("Postgres", 'database "annals" does not exist', "create it"),
        ZeroDivisionError("a bug for the test"),
        AssertionError("another one"),
    )
    monkeypatch.setattr(gateway, "database_for", lambda *_, **__: database)
    settings = Settings(
        kafka_bootstrap_servers="127.0.0.1:9",
        database_url=SecretStr("postgresql://127.0.0.1:9/annals"),
        redis_url=SecretStr("redis://127.0.0.1:9/0"),
    )
    app = gateway.composed(settings)
    with structlog.testing.capture_logs() as lines:
        async with app.router.lifespan_context(app), asyncio.timeout(10):
            await database.is_open.wait()
    waits = [line for line in lines if line["event"].startswith("the gateway waits")]
    assert [line["log_level"] for line in waits] == ["error"] * 3
    assert "create it" in waits[0]["reason"]
    assert isinstance(waits[1]["exc_info"], ZeroDivisionError)


async def _true(value: bool) -> bool:
    return value
