"""A system with one worker of each role for each file of tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers import Servers, corner
from tests.system import System, running_system


@pytest_asyncio.fixture(scope="module")
async def system(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """Workers that must be the same processes at the end."""
    folder = Path(tmp_path_factory.mktemp("fuzz"))
    async with corner(servers, folder) as settings, running_system(settings, folder) as running:
        for role in ("command", "saga", "projection"):
            await running.worker(role)
        await running.holding(running.workers[0], settings.partitions)
        yield running
        for worker in running.workers:
            assert worker.process.returncode is None, worker.log()[-4000:]
