"""A real worker process under measurement."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import psutil

from infra.settings import Settings

STOP_SECONDS = 20.0
STALLED_SECONDS = 60.0
POLL_SECONDS = 0.05


class Rate(NamedTuple):
    """Work done: things a second, and microseconds of the worker's processor time for each."""

    per_second: float
    cpu_microseconds: float


class Stalled(Exception):
    """A worker under measurement made no progress for a minute; its log lines say why."""

    def __init__(self, role: str, done: int, wanted: int) -> None:
        super().__init__(f"the {role} worker stopped at {done} of {wanted}; see its log lines above")


@asynccontextmanager
async def worker(settings: Settings, role: str) -> AsyncIterator[psutil.Process]:
    """A worker of this role, stopped in order afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "infra.cli.main",
        "worker",
        role,
        env=os.environ | settings.environment() | {"ANNALS_LOG_LEVEL": "warning"},
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def drain_rate(
    settings: Settings,
    role: str,
    count: int,
    done: Callable[[], Awaitable[int]],
    finished: Callable[[], Awaitable[bool]],
) -> Rate:
    """Let one worker do `count` things that wait for it. Measured from its first to its last; starting is not."""
    async with worker(settings, role) as process:
        at_start = await _moved(role, done, 0, count)
        started, cpu_started = asyncio.get_running_loop().time(), cpu_seconds(process)
        at = at_start
        while at < count:
            at = await _moved(role, done, at, count)
        end = asyncio.get_running_loop().time() + STALLED_SECONDS
        while not await finished():
            if asyncio.get_running_loop().time() > end:
                raise Stalled(role, at, count)
            await asyncio.sleep(POLL_SECONDS)
        elapsed, cpu = asyncio.get_running_loop().time() - started, cpu_seconds(process) - cpu_started
    handled = count - at_start
    return Rate(handled / elapsed, cpu / handled * 1e6)


async def _moved(role: str, done: Callable[[], Awaitable[int]], before: int, wanted: int) -> int:
    """How much is done once it is more than `before`. Raises Stalled."""
    end = asyncio.get_running_loop().time() + STALLED_SECONDS
    while (at := await done()) <= before:
        if asyncio.get_running_loop().time() > end:
            raise Stalled(role, at, wanted)
        await asyncio.sleep(POLL_SECONDS)
    return at


def cpu_seconds(process: psutil.Process) -> float:
    """The processor time that it has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
