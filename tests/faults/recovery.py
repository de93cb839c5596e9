"""How each of these tests ends: soon after the fault, the system has done all its work without help, and all its data
agrees.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.audit import audit
from tests.faults.worker_pool import WorkerPool
from tests.sent_commands import Sent, create_users
from tests.system import System
from tests.verification.command import verified
from tests.worker_process import Worker

# An upper bound for a busy machine. The measured times are shown at the end of the run.
RECOVERY_SECONDS = 60.0
LOAD_COMMANDS = 20
LOAD_INTERVAL_SECONDS = 0.2

Measure = Callable[[str, object], None]


@asynccontextmanager
async def sending(system: System) -> AsyncIterator[list[Sent]]:
    """Send commands until the block ends; yields the list of those that the broker has acknowledged."""
    sent: list[Sent] = []
    ending = asyncio.Event()

    async def send_on() -> None:
        while not ending.is_set():
            part = create_users(LOAD_COMMANDS)
            await asyncio.to_thread(system.send, part)
            sent.extend(part)
            await asyncio.sleep(LOAD_INTERVAL_SECONDS)

    task = asyncio.create_task(send_on())
    try:
        yield sent
    finally:
        ending.set()
        await task


@asynccontextmanager
async def load(pool: WorkerPool) -> AsyncIterator[None]:
    """Send commands to a complete pool until the block ends; some are handled before it begins."""
    await pool.complete()
    before = await pool.system.value("SELECT count(*) FROM annals.commands")
    async with sending(pool.system) as sent:
        await pool.system.handled(before + 100)
        yield
    pool.sent += sent


async def recovered(system: System, sent: list[Sent], measure: Measure, *, since: float) -> None:
    """Wait until everything is handled, welcomed and projected; `since` is when the fault ended, by time.monotonic."""
    await system.handled(2 * len(sent), seconds=RECOVERY_SECONDS)
    await system.settled(seconds=RECOVERY_SECONDS)
    took = time.monotonic() - since
    measure("recovery_seconds", round(took, 1))
    assert took < RECOVERY_SECONDS


async def agrees(system: System, sent: list[Sent]) -> None:
    """Compare all data twice: by the tests' own audit and by `annals verify`."""
    _, (code, verdict) = await asyncio.gather(audit(system, sent), verified(system))
    assert code == 0, verdict
    assert verdict["passes"]


async def killed(worker: Worker, seconds: float = 90.0) -> None:
    """Wait for the end of a process that kills itself; it may take long to start on a busy machine."""
    async with asyncio.timeout(seconds):
        code = await worker.process.wait()
    assert code == -signal.SIGKILL, f"{worker.role} ended with {code}, not by kill -9:\n{worker.log()[-3000:]}"
