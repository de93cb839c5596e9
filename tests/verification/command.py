"""`annals verify` as an operator runs it."""

import asyncio
import json
import os
import sys
from typing import Any

from tests.system import System


async def verified(system: System) -> tuple[int, Any]:
    """The exit code and the JSON of `annals verify`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli.main", "verify", "--json"),
        env=os.environ | system.settings.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(100):
        printed, _ = await process.communicate()
    return process.returncode or 0, json.loads(printed)
