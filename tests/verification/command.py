"""`annals verify` as an operator runs it."""

import asyncio
import json
import os
from typing import Any

from tests.system import System
from tests.warm.process import start

NOTHING_IS_ON_ITS_WAY = ("--wait", "8")
"""For a system that is at rest, and lacks something: all of it is missing, and a wait for it is lost time. It is still
longer than a worker takes that loses its session on a machine that stands still for a moment, and joins again.
"""


async def verified(system: System, *options: str) -> tuple[int, Any]:
    """The exit code and the JSON of `annals verify`."""
    environment = os.environ | system.settings.environment()
    process = await start("infra.cli.main", "verify", "--json", *options, env=environment)
    async with asyncio.timeout(200):
        printed, errors = await process.communicate()
    assert printed, errors.decode()
    return process.returncode or 0, json.loads(printed)


async def repaired(system: System) -> tuple[int, Any]:
    """The exit code and the JSON of `annals verify --repair`."""
    return await verified(
        system, *NOTHING_IS_ON_ITS_WAY, "--repair", "--reason", "a test has spoilt it", "--actor", "tester"
    )


def named(verdict: Any, kind: str) -> list[str]:
    """Where the findings of one kind are."""
    return [finding["where"] for finding in verdict["examples"] if finding["what"] == kind]
