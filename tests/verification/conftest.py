"""One running system; each test puts right again what it has spoilt."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.settings import Settings
from tests.client.services.runs import short_delays_of_a_consumer  # noqa: F401  # a fixture
from tests.servers import Servers, isolated_environment
from tests.system import System, running_system


@pytest_asyncio.fixture(scope="module")
async def system(servers: Servers, tmp_path_factory: object) -> AsyncIterator[System]:
    """A system with one worker of each role."""
    folder = Path(tmp_path_factory.mktemp("verification"))  # type: ignore[attr-defined]  # pytest's factory has no public type
    async with isolated_environment(servers, folder) as settings, running_system(settings, folder) as running:
        for role in ("command", "saga", "projection"):
            await running.worker(role)
        yield running


@pytest_asyncio.fixture
async def idle_system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """A system of one test, without workers."""
    async with running_system(settings, tmp_path) as running:
        yield running
