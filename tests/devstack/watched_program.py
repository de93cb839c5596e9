"""A program that prints JSON lines, run as a child process: wait for a line, signal it, wait for its end."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
LINE_TIMEOUT_SECONDS = 60.0


class WatchedProgram:
    """Runs `python -m <module> <arguments>` with these extra variables. Use as an async context manager."""

    def __init__(self, module: str, *arguments: str, environment: dict[str, str]) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        named = ("ANNALS_KAFKA_BOOTSTRAP_SERVERS", "ANNALS_DATABASE_URL", "ANNALS_REDIS_URL")
        self._environment = {name: value for name, value in os.environ.items() if name not in named} | environment
        self.lines: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None
        self.process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=ROOT,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await self.end()
        assert self._reading is not None
        await self._reading

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._news:
                self.lines.append(json.loads(line))
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def line(self, *, after: int = 0, **facts: Any) -> dict[str, Any]:
        """Wait for the first line, from number `after` on, with these facts. A text fact need only be contained."""

        def first_match() -> dict[str, Any] | None:
            return next((line for line in self.lines[after:] if _matches(line, facts)), None)

        async with asyncio.timeout(LINE_TIMEOUT_SECONDS), self._news:
            await self._news.wait_for(lambda: first_match() is not None or self.process.returncode is not None)
        line = first_match()
        assert line is not None, f"the program ended without a line like {facts}; its last lines: {self.lines[-5:]}"
        return line

    async def end(self) -> tuple[int, str]:
        """Waits for the end. Returns the exit code and the text on stderr."""
        assert self.process.stderr is not None
        async with asyncio.timeout(LINE_TIMEOUT_SECONDS):
            errors = await self.process.stderr.read()
            return await self.process.wait(), errors.decode()


def _matches(line: dict[str, Any], facts: dict[str, Any]) -> bool:
    return all(fact in line.get(name, "") if name == "text" else line.get(name) == fact for name, fact in facts.items())
