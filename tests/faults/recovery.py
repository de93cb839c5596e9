"""The end of every story here: the system does by itself what it had to do, soon after the fault has ended, and all
that it has written agrees.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.audit import audit
from tests.faults.crew import Crew
from tests.system import Sent, System, Worker, create_users
from tests.verification.command import verified

# A bound for a noisy machine; what it took is measured and shown at the end of the run.
RECOVERY_SECONDS = 60.0
LOAD_COMMANDS = 20
LOAD_INTERVAL_SECONDS = 0.2

Measure = Callable[[str, object], None]


@asynccontextmanager
async def sending(system: System) -> AsyncIterator[list[Sent]]:
    """Commands on and on until the block ends; yields the list of those that the broker has taken."""
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
async def load(crew: Crew) -> AsyncIterator[None]:
    """Commands on and on for a complete crew, some of them handled before the block begins."""
    await crew.complete()
    before = await crew.system.value("SELECT count(*) FROM annals.commands")
    async with sending(crew.system) as sent:
        await crew.system.handled(before + 100)
        yield
    crew.sent += sent


async def recovered(system: System, sent: list[Sent], measure: Measure, *, since: float) -> None:
    """Wait until everything is handled, welcomed and projected; `since` is when the fault ended, by time.monotonic."""
    await system.handled(2 * len(sent), seconds=RECOVERY_SECONDS)
    await system.settled(seconds=RECOVERY_SECONDS)
    took = time.monotonic() - since
    measure("recovery_seconds", round(took, 1))
    assert took < RECOVERY_SECONDS


async def agrees(system: System, sent: list[Sent]) -> None:
    """Compare everything, once with the eyes of the tests and once with those of `annals verify`."""
    _, (code, verdict) = await asyncio.gather(audit(system, sent), verified(system))
    assert code == 0, verdict
    assert verdict["passes"]


async def killed(worker: Worker, seconds: float = 90.0) -> None:
    """Wait for the end of a process that kills itself; it may take long to start on a busy machine."""
    async with asyncio.timeout(seconds):
        code = await worker.process.wait()
    assert code == -signal.SIGKILL, f"{worker.role} ended with {code}, not by kill -9:\n{worker.log()[-3000:]}"
