"""A real worker process under measurement."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import psutil

from infra.child_processes.command import annals
from infra.child_processes.termination import terminate
from infra.settings import Settings

STOP_TIMEOUT_SECONDS = 20.0
STALLED_SECONDS = 60.0
POLL_SECONDS = 0.05


class Rate(NamedTuple):
    """Units of work a second, and microseconds of the worker's processor time for each."""

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
        *annals("worker", role), env=os.environ | settings.environment() | {"ANNALS_LOG_LEVEL": "warning"}
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        await terminate(process, STOP_TIMEOUT_SECONDS)


async def drain_rate(
    settings: Settings,
    role: str,
    count: int,
    done: Callable[[], Awaitable[int]],
    finished: Callable[[], Awaitable[bool]],
) -> Rate:
    """Let one worker do `count` units of waiting work; measured from the first to the last, without its start."""
    async with worker(settings, role) as process:
        at_start = await _progressed(role, done, 0, count)
        started, cpu_started = asyncio.get_running_loop().time(), cpu_seconds(process)
        at = at_start
        while at < count:
            at = await _progressed(role, done, at, count)
        end = asyncio.get_running_loop().time() + STALLED_SECONDS
        while not await finished():
            if asyncio.get_running_loop().time() > end:
                raise Stalled(role, at, count)
            await asyncio.sleep(POLL_SECONDS)
        elapsed, cpu = asyncio.get_running_loop().time() - started, cpu_seconds(process) - cpu_started
    handled = count - at_start
    return Rate(handled / elapsed, cpu / handled * 1e6)


async def _progressed(role: str, done: Callable[[], Awaitable[int]], before: int, wanted: int) -> int:
    """How much is done once it is more than `before`. Raises Stalled."""
    end = asyncio.get_running_loop().time() + STALLED_SECONDS
    while (at := await done()) <= before:
        if asyncio.get_running_loop().time() > end:
            raise Stalled(role, at, wanted)
        await asyncio.sleep(POLL_SECONDS)
    return at


def cpu_seconds(process: psutil.Process) -> float:
    """The processor time that the process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
