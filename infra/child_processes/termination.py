"""How a child process is asked to end: SIGTERM, a bounded wait, then SIGKILL."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress


def send_signal(process: Process, number: signal.Signals) -> None:
    """Sends a signal; harmless when the process has already ended."""
    with suppress(ProcessLookupError):
        process.send_signal(number)


async def terminate(process: Process, timeout_seconds: float, before_kill: Callable[[], None] | None = None) -> int:
    """Sends SIGTERM, and SIGKILL if the process has not ended after `timeout_seconds`. Returns its exit code (negative:
    the signal that ended it).

    `before_kill` is called only when the process must be killed.
    """
    send_signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await process.wait()
    except TimeoutError:
        if before_kill is not None:
            before_kill()
        send_signal(process, signal.SIGKILL)
        return await process.wait()


def ending(code: int) -> str:
    """How a process ended, in words, from its exit code."""
    if code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
        return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
