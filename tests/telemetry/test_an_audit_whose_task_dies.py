"""The audit has a task that verifies repeatedly. When that task fails, the audit logs it and starts another one."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import structlog

from contracts.topics import Topics
from infra.memory.parked_streams import MemoryParkedByProjections, MemoryParkedBySagas
from infra.memory.read_model_server import ReadModelServer
from infra.memory.table import Table
from infra.memory.wire import DirectWire
from infra.monotonic_clock import MonotonicClock
from tests.waiting import until
from workers.operations.audit import gauges, host
from workers.operations.audit.host import AuditHost, VerificationTaskEnded
from workers.operations.audit.ports import AuditPorts, OpenLetterGroup, Pace, VerificationResult
from workers.operations.parked_streams import ParkedStreamPorts
from workers.ports.lanes import Unavailable


class Around:
    """The ports of an audit of a system without findings, letters or parked streams.

    `connects` are the errors that the first attempts to connect to the database raise.
    """

    def __init__(self, *connects: Exception) -> None:
        self.connects = list(connects)
        self.given_up = 0

    async def connect(self) -> None:
        if self.connects:
            raise self.connects.pop(0)

    async def now(self) -> datetime:
        return datetime(2026, 5, 4, tzinfo=UTC)

    async def verify(self, _: Pace) -> VerificationResult:
        return VerificationResult(True, {})

    async def taken(self) -> bool:
        return True

    def give_up(self) -> None:
        self.given_up += 1

    async def refresh(self) -> Mapping[tuple[str, str], OpenLetterGroup]:
        return {}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "WATCH_INTERVAL_SECONDS", 0.002)
    monkeypatch.setattr(host, "RETRY_DELAY_SECONDS", 0.002)
    for name in ("show_parked", "show_letters", "show_failure", "forget_result", "forget_parked", "forget_letters"):
        monkeypatch.setattr(gauges, name, lambda *_: None)


def audit(around: Around) -> AuditHost:
    wire = DirectWire()
    projections, sagas = (
        MemoryParkedByProjections(ReadModelServer(), wire, 1),
        MemoryParkedBySagas(Table(lambda: datetime(2026, 5, 4, tzinfo=UTC)), wire),
    )
    parked = ParkedStreamPorts({}, Topics(), projections, sagas)
    ports = AuditPorts(around.connect, around.now, around, around.verify, parked, around)
    return AuditHost(ports, MonotonicClock(), 0.001)


@pytest.mark.parametrize("end", [ZeroDivisionError("a bug"), asyncio.CancelledError()], ids=repr)
async def test_is_logged_and_the_task_is_started_again(end: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[BaseException] = [end]
    runs = 0

    async def verifies(_: AuditHost) -> bool:
        nonlocal runs
        runs += 1
        if ends:
            raise ends.pop(0)
        return True

    monkeypatch.setattr(AuditHost, "_verify", verifies)
    auditing = audit(Around())
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(auditing.run())
        await until(lambda: _true(runs > 3), "the audit verifies again", seconds=10, every=0.002)
        assert auditing.ready
        auditing.stop()
        await running
    (error,) = [line for line in lines if line["log_level"] == "error"]
    assert isinstance(error["exc_info"], VerificationTaskEnded)


@pytest.mark.parametrize("error", [Unavailable("Postgres", "no database", "create it"), ZeroDivisionError()], ids=repr)
async def test_that_cannot_begin_is_not_ready_and_tries_again(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def verifies(_: AuditHost) -> bool:
        return True

    monkeypatch.setattr(AuditHost, "_verify", verifies)
    auditing = audit(Around(error, error))
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(auditing.run())
        assert not auditing.ready
        await until(lambda: _true(auditing.ready), "the audit is ready", seconds=10, every=0.002)
        auditing.stop()
        await running
    assert [line["log_level"] for line in lines if line["event"].startswith("the audit waits")] == ["error"] * 2


async def _true(value: bool) -> bool:
    return value
