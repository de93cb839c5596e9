"""The audit role: its metrics say what a verification finds, and that nothing is known when it cannot read."""

import asyncio
import math
import signal
import socket

import pytest
from pydantic import SecretStr

from tests.pausing import paused
from tests.sent_commands import create_user, create_users
from tests.system import System
from tests.telemetry.test_a_running_systems_metrics import Endpoint, worker_with_endpoint
from tests.waiting import until

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

PASSES = "annals_verification_passes"


async def brisk_audit(system: System) -> Endpoint:
    return await worker_with_endpoint(system, "audit", entry=("tests.verification.brisk_audit", "worker", "audit"))


async def says(endpoint: Endpoint, name: str, value: float, **labels: str) -> None:
    async def so() -> bool:
        return endpoint.total(name, **labels) == value

    await until(so, f"{name} {labels} is {value}", seconds=120, every=0.5)


async def test_its_metrics_follow_what_is_wrong_and_a_second_one_stands_by(system: System) -> None:
    await asyncio.to_thread(system.send, [*create_users(20), create_user(city="Nowhere")])
    await system.handled(42)
    await system.settled()
    system.settings = system.settings.model_copy(update={"audit_interval_seconds": 1.0})
    first = await brisk_audit(system)
    await first.becomes("/readyz", (200, "ready"))
    await says(first, PASSES, 1)
    assert first.total("annals_audit_active") == 1
    assert first.total("annals_verification_last_run_timestamp_seconds") > 1_700_000_000
    second = await brisk_audit(system)
    await second.becomes("/readyz", (200, "ready"))
    assert second.total("annals_audit_active") == 0
    assert math.isnan(second.total(PASSES))

    (key,) = [key async for key in system.redis.scan_iter("*:document:*", count=1000)][:1]
    card = await system.redis.get(key)
    with paused(system, "projection"):  # it would write the card again
        await system.redis.delete(key)
        await says(first, PASSES, 0)
        assert first.total("annals_verification_findings", what="document missing") == 1
        assert first.total("annals_verification_findings", what="event differs") == 0
        await system.redis.set(key, card)
        await says(first, PASSES, 1)

    system.send([create_user()._replace(headers=[("ce_type", b"users.CreateUser.v1")])])
    await says(first, "annals_dead_letters_open", 1)
    assert 0 < first.total("annals_dead_letters_oldest_age_seconds") < 120

    first.worker.signal(signal.SIGKILL)
    await says(second, "annals_audit_active", 1)
    await says(second, PASSES, 1)
    assert await second.worker.stop() == 0


async def test_a_parked_stream_is_shown_with_its_age(idle_system: System) -> None:
    system = idle_system
    system.settings = system.settings.model_copy(update={"audit_interval_seconds": 1.0})
    await system.worker("command")
    for role in ("projection", "saga"):
        await system.worker(role, entry=("tests.parking.buggy_code", "worker", role))
    await asyncio.to_thread(system.send, [create_user(city="Nowhere")])
    audit = await brisk_audit(system)
    await audit.becomes("/readyz", (200, "ready"))
    for follower in ("users", "welcome"):
        await says(audit, "annals_parked", 1, follower=follower, topic=system.topic("users.events"))
        assert 0 < audit.total("annals_parked_oldest_age_seconds", follower=follower) < 120
    await says(audit, PASSES, 0)
    assert audit.total("annals_verification_findings", what="parked stream") == 2


async def test_with_a_server_away_nothing_is_known_and_the_process_lives(idle_system: System) -> None:
    system = idle_system
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # bound, and no process listens
        away = SecretStr(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        system.settings = system.settings.model_copy(update={"audit_interval_seconds": 1.0, "redis_url": away})
        await system.worker("command")
        audit = await brisk_audit(system)
        await audit.becomes("/healthz", (200, "alive"))

        async def failed() -> bool:
            return audit.total("annals_verification_failures_total") >= 2

        await until(failed, "the audit has tried again and again", seconds=120, every=0.5)
        assert math.isnan(audit.total(PASSES))
        assert audit.status("/readyz") == (503, "not ready")
        assert audit.status("/healthz") == (200, "alive")
    assert await audit.worker.stop() == 0
