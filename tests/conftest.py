"""The fixtures that every test may ask for: the servers of the run, settings of one's own, a system on them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests import watchdog
from tests.servers import Servers, corner, running_servers
from tests.system import System, running_system


def pytest_configure(config: pytest.Config) -> None:
    """What the run starts ends with it, however it ends."""
    config.add_cleanup(watchdog.start())


@pytest_asyncio.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    """Kafka, PostgreSQL and Redis, started once for the whole run."""
    async with running_servers() as running:
        yield running


@pytest_asyncio.fixture
async def settings(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings on the run's servers with a database, a Redis database, topics and a home that no other test has."""
    async with corner(servers, tmp_path / "home") as own:
        yield own


@pytest_asyncio.fixture
async def system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """Topics and tables of one's own, without workers: each test starts, kills and pauses those that it needs."""
    async with running_system(settings, tmp_path) as running:
        yield running


@pytest.fixture
def no_addresses_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where nobody has set an address."""
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "REDIS_URL", "HOME"):
        monkeypatch.delenv(f"ANNALS_{name}", raising=False)
