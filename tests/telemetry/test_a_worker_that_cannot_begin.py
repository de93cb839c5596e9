"""A worker that cannot start logs the reason, is not ready, retries with a bounded delay, and then works."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import structlog
from structlog.typing import EventDict

from infra.processes import worker
from infra.processes.roles import HOSTS, Host
from infra.settings import Settings
from tests.waiting import until
from workers.background import in_background
from workers.ports.lanes import Unavailable
from workers.retrying import Retrying

AWAY = Unavailable("Postgres", "away for the test")
UNGRANTED = Unavailable("Postgres", "permission denied", "grant it")
BUG = ZeroDivisionError("a bug for the test")


class ScriptedHost:
    """A host whose `run` ends as the test defines; without an `end`, it ends when it is stopped."""

    ready = True
    alive = True

    def __init__(self, end: BaseException | str | None) -> None:
        self._end = end
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        if isinstance(self._end, BaseException):
            raise self._end
        if self._end is None:
            await self._stopping.wait()


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.processes.worker.RETRY_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("infra.processes.worker.MAX_RETRY_DELAY_SECONDS", 0.01)


async def played(
    monkeypatch: pytest.MonkeyPatch, opening: list[BaseException | None], running: list[BaseException | str | None]
) -> list[EventDict]:
    """The log lines while the role opens and its host ends as defined, until the host works."""
    hosts: list[Host] = []
    works = asyncio.Event()

    @asynccontextmanager
    async def scripted(_: Settings) -> AsyncIterator[list[Host]]:
        assert not hosts, "a role that opens is not ready"
        if opening and (error := opening.pop(0)):
            raise error
        end = running.pop(0) if running else None
        if end is None:
            works.set()
        yield [ScriptedHost(end), ScriptedHost(None)]

    monkeypatch.setitem(HOSTS, "scripted", scripted)
    stopping = asyncio.Event()
    with structlog.testing.capture_logs() as lines:
        working = asyncio.create_task(worker.work_until(stopping, "scripted", Settings(), hosts))
        async with asyncio.timeout(10):
            await works.wait()
            await until(lambda: _true(bool(hosts)), "its hosts count for readiness", every=0.001)
            stopping.set()
            await working
    assert not hosts
    return lines


async def _true(value: bool) -> bool:
    return value


ENDS: dict[str, tuple[BaseException, str]] = {
    "a server away": (AWAY, "warning"),
    "an operator is needed": (UNGRANTED, "error"),
    "a bug": (BUG, "error"),
    "a file that is not there": (FileNotFoundError("ca.pem"), "error"),
}


@pytest.mark.parametrize("name", ENDS)
async def test_while_it_opens_what_it_needs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error, level = ENDS[name]
    lines = await played(monkeypatch, [error, error], [])
    assert [line["log_level"] for line in lines] == [level, level]
    assert all(line["again_in_seconds"] <= 0.01 for line in lines)
    shown = [line.get("exc_info") or line.get("reason") for line in lines]
    assert shown == [error, error] if not isinstance(error, Unavailable) else [str(error)] * 2


@pytest.mark.parametrize("name", ENDS)
async def test_while_it_works(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error, level = ENDS[name]
    lines = await played(monkeypatch, [], [error])
    assert [line["log_level"] for line in lines] == [level]


@pytest.mark.parametrize("end", ["ended by itself", asyncio.CancelledError()], ids=repr)
async def test_that_ended_without_an_error_is_opened_again_after_a_delay(
    end: BaseException | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = await played(monkeypatch, [], [end, end])
    assert [type(line["exc_info"]) for line in lines] == [worker.EndedByItself] * 2


def test_delays_grow_to_a_bound_and_start_again_after_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("workers.retrying.monotonic", lambda: now)
    retrying = Retrying("it waits", structlog.get_logger(), 1.0, 10.0)
    with structlog.testing.capture_logs():
        delays = []
        for _ in range(6):
            retrying.begin()
            delays.append(retrying.after(AWAY))
        assert delays == [1, 2, 4, 8, 10, 10]
        retrying.begin()
        now += 9.9
        assert retrying.after(AWAY) == 10, "the attempt failed at once"
        retrying.begin()
        now += 10.1
        assert retrying.after(AWAY) == 1, "the attempt had worked"


async def _raises() -> None:
    raise BUG


async def _cancelled_without_a_request() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("work", "event"),
    [
        (_raises, "a background task has failed"),
        (_cancelled_without_a_request, "a background task ended with a cancellation that nobody requested"),
    ],
)
async def test_a_background_task_that_fails_is_logged(work: Callable[[], object], event: str) -> None:
    with structlog.testing.capture_logs() as lines:
        task = in_background(work(), "beside")  # type: ignore[arg-type]
        await asyncio.wait({task})
        await asyncio.sleep(0)
    assert [(line["event"], line["task"]) for line in lines] == [(event, "beside")]


async def test_a_background_task_that_is_cancelled_logs_nothing() -> None:
    with structlog.testing.capture_logs() as lines:
        task = in_background(asyncio.sleep(60), "beside")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0)
    assert not lines
