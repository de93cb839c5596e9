"""A worker process that a test has started."""

import asyncio
import contextlib
import signal
from pathlib import Path

from tests.warm.process import AnyProcess

STOP_TIMEOUT_SECONDS = 30.0


class Worker:
    """The process, its role and its log."""

    def __init__(self, role: str, process: AnyProcess, log_file: Path) -> None:
        self.role = role
        self.process = process
        self.log_file = log_file

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def kill(self) -> None:
        """Kill the process by kill -9 and wait for its end."""
        self.signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """Stop the process by SIGTERM; return its exit code."""
        self.signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            return await self.process.wait()

    def log(self) -> str:
        return self.log_file.read_text()
