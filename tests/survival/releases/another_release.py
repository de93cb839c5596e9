"""Another release: a copy of this one's code in which some contracts are others, run as ordinary processes."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.logins import as_account
from tests.survival.releases.changes import Changes
from tests.system import Ran, System
from tests.worker_process import Worker

ROOT = Path(__file__).parents[3]
COMMAND_TIMEOUT_SECONDS = 120.0


class AnotherRelease:
    """The code in `folder`, and the processes that run it."""

    def __init__(self, folder: Path, changes: Changes, more: Mapping[str, str] = MappingProxyType({})) -> None:
        """`changes` are made in the copy; `more`: texts to add at the ends of files."""
        self._folder = folder
        for package in ("contracts", "workers", "infra"):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        for name, replacements in changes.items():
            text = (folder / name).read_text("utf-8")
            for here, there in replacements:
                assert here in text, (name, here)
                text = text.replace(here, there)
            (folder / name).write_text(text, "utf-8")
        for name, text in more.items():
            (folder / name).write_text((folder / name).read_text("utf-8") + text, "utf-8")

    async def worker(self, system: System, role: str) -> Worker:
        """Start a worker of this release."""
        log_file = self._folder / f"{role}-{len(system.workers)}.log"
        settings = as_account(system._logins, role, system.settings)
        with log_file.open("wb") as output:
            process = await self._started("worker", role, environment=settings.environment(), output=output)
        started = Worker(role, process, log_file)
        system.workers.append(started)
        return started

    async def annals(self, system: System, *arguments: str) -> Ran:
        """Run a command of this release's command line, with the login of operators."""
        settings = as_account(system._logins, "operator", system.settings)
        process = await self._started(*arguments, environment=settings.environment(), output=asyncio.subprocess.PIPE)
        async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
            output, errors = await process.communicate()
        return Ran(process.returncode or 0, output.decode(), (errors or b"").decode())

    async def _started(
        self, *arguments: str, environment: Mapping[str, str], output: Any
    ) -> asyncio.subprocess.Process:
        errors = output if output is not asyncio.subprocess.PIPE else asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "infra.cli.main", *arguments)
        return await asyncio.create_subprocess_exec(
            *command, env=os.environ | dict(environment), stdout=output, stderr=errors, cwd=self._folder
        )
