"""A saga or projection worker is paused past its session, replaced and resumed: its unfinished work does no harm."""

import signal
import time

import pytest

from tests.faults.recovery import Measure, agrees, recovered
from tests.sent_commands import create_users
from tests.system import System
from tests.waiting import until
from tests.worker_process import Worker

pytestmark = pytest.mark.timeout(300)

COMMANDS = 4_000


@pytest.mark.parametrize("role", ["saga", "projection"])
async def test_changes_nothing_when_it_is_resumed(system: System, role: str, record_property: Measure) -> None:
    for other in {"command", "saga", "projection"} - {role}:
        await system.worker(other)
    paused = await system.worker(role)
    await _assigned(paused, times=1)
    sent = list(create_users(COMMANDS))
    system.send(sent)

    async def under_way() -> bool:
        return await _done(system, role) > 200

    await until(under_way, f"the {role} worker is in the middle of its work", every=0.01)
    paused.signal(signal.SIGSTOP)
    assert await _done(system, role) < COMMANDS
    successor = await system.worker(role)
    await _assigned(successor, times=1)
    paused.signal(signal.SIGCONT)
    since = time.monotonic()
    await _assigned(paused, times=2)
    await recovered(system, sent, record_property, since=since)
    await agrees(system, sent)
    assert await paused.stop() == 0
    assert await successor.stop() == 0


async def _done(system: System, role: str) -> int:
    if role == "saga":
        steps: int = await system.value("SELECT count(*) FROM annals.saga_outbox")
        return steps
    return sum([await system.projected(partition) for partition in range(6)])


async def _assigned(worker: Worker, times: int) -> None:
    async def often_enough() -> bool:
        return worker.log().count("lanes assigned") >= times

    await until(often_enough, f"{worker.role} worker {worker.process.pid} was given lanes {times} times", seconds=60)
