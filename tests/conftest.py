"""The fixtures that every test may ask for: the servers of the run, settings of one's own, a system on them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests import watchdog
from tests.patience import draw_the_same
from tests.servers import Servers, corner, running_servers
from tests.system import System, running_system

draw_the_same()

# Folders and files whose tests measure time, memory or load, or keep all cores busy by themselves: they are marked
# `alone` and run one after the other; all else may run side by side, a file at a time (pytest -n 3 --dist loadfile).
ALONE = ("bench", "run_ending", "simulation", "soak", "verification/test_memory_does_not_grow.py")


def pytest_configure(config: pytest.Config) -> None:
    """What the run starts ends with it, however it ends."""
    config.add_cleanup(watchdog.start())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks those that may not run beside others."""
    places = tuple(Path(__file__).parent / place for place in ALONE)
    for item in items:
        if any(place == item.path or place in item.path.parents for place in places):
            item.add_marker(pytest.mark.alone)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run of one half (infra/test.sh) has not failed when its options leave tests in the other half only."""
    halves = ("alone", "not alone")
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.getoption("markexpr") in halves:
        session.exitstatus = pytest.ExitCode.OK


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
