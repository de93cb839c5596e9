"""A system for one test, without workers: each test starts, kills and pauses its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.settings import Settings
from tests.system import System, running_system


@pytest_asyncio.fixture
async def system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """Topics and tables of one's own."""
    async with running_system(settings, tmp_path) as running:
        yield running
