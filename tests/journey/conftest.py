"""One running system for the journeys of a file; each uses its own streams."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.servers import Servers, isolated_environment
from tests.system import System, running_system


@pytest_asyncio.fixture(scope="module")
async def system(servers: Servers, tmp_path_factory: object) -> AsyncIterator[System]:
    """A system with one worker of each role."""
    folder = Path(tmp_path_factory.mktemp("journey"))  # type: ignore[attr-defined]  # pytest's factory has no public type
    async with isolated_environment(servers, folder) as settings, running_system(settings, folder) as running:
        for role in ("command", "saga", "projection"):
            await running.worker(role)
        yield running
