"""The audit's own task, which verifies again and again: when it dies, the audit says so and begins anew."""

import asyncio
from typing import Any

import pytest
import structlog

from infra.audit import gauges, host
from infra.audit.host import AuditHost, VerifyingEnded
from tests.waiting import until
from workers.ports.lanes import Unavailable


class Around:
    """All that an audit speaks to: content, and empty. `opens`: what opening the database raises, one a time."""

    def __init__(self, *opens: Exception) -> None:
        self.opens = list(opens)
        self.given_up = 0

    async def open(self) -> None:
        if self.opens:
            raise self.opens.pop(0)

    async def value(self, _: str) -> None: ...

    async def taken(self) -> bool:
        return True

    def give_up(self) -> None:
        self.given_up += 1

    async def refresh(self) -> dict[str, int]:
        return {}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "WATCH_INTERVAL_SECONDS", 0.002)
    monkeypatch.setattr(host, "RETRY_DELAY_SECONDS", 0.002)

    async def nothing(_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(host, "waiting_streams", nothing)
    for name in ("show_parked", "show_letters", "show_failure", "forget_verdict", "forget_parked", "forget_letters"):
        monkeypatch.setattr(gauges, name, lambda *_: None)


def audit(around: Any) -> AuditHost:
    return AuditHost(around, around, around, around, 0.001)


@pytest.mark.parametrize("end", [ZeroDivisionError("a bug"), asyncio.CancelledError()], ids=repr)
async def test_is_said_and_begun_anew(end: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
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
        await until(lambda: _true(runs > 3), "it verifies again", seconds=10, every=0.002)
        assert auditing.ready
        auditing.stop()
        await running
    (said,) = [line for line in lines if line["log_level"] == "error"]
    assert isinstance(said["exc_info"], VerifyingEnded)


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
        await until(lambda: _true(auditing.ready), "it audits", seconds=10, every=0.002)
        auditing.stop()
        await running
    assert [line["log_level"] for line in lines if line["event"].startswith("the audit waits")] == ["error"] * 2


async def _true(value: bool) -> bool:
    return value
