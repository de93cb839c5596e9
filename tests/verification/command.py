"""`annals verify` as an operator runs it."""

import asyncio
import json
import os
import sys
from typing import Any

from tests.system import System


async def verified(system: System, *options: str) -> tuple[int, Any]:
    """The exit code and the JSON of `annals verify`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli.main", "verify", "--json", *options),
        env=os.environ | system.settings.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(200):
        printed, _ = await process.communicate()
    return process.returncode or 0, json.loads(printed)


async def repaired(system: System) -> tuple[int, Any]:
    """The exit code and the JSON of `annals verify --repair`."""
    return await verified(system, "--repair", "--reason", "a test has spoilt it", "--actor", "tester")


def named(verdict: Any, what: str) -> list[str]:
    """Where the findings of one kind are."""
    return [finding["where"] for finding in verdict["examples"] if finding["what"] == what]
