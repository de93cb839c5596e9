"""A system with one worker of each role for each file of tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers import Servers, isolated_environment
from tests.system import System, running_system


@pytest_asyncio.fixture(scope="module")
async def system(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system whose workers must not end or be replaced during the tests of a file."""
    folder = Path(tmp_path_factory.mktemp("fuzz"))
    async with isolated_environment(servers, folder) as settings, running_system(settings, folder) as running:
        for role in ("command", "saga", "projection"):
            await running.worker(role)
        await running.holding(running.workers[0], settings.partitions)
        yield running
        for worker in running.workers:
            assert worker.process.returncode is None, worker.log()[-4000:]
