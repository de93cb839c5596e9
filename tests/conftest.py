"""The fixtures for all tests: the servers of the run, isolated settings, a system on them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests import watchdog, worker_logs
from tests.logs import logs_stay
from tests.property_tests import use_fixed_examples
from tests.servers import Servers, isolated_environment, running_servers
from tests.system import System, running_system

use_fixed_examples()

# Folders and files whose tests measure time, memory or load, or use all cores. They are marked `alone` and run one
# after the other. All other files may run in parallel (pytest -n 4 --dist loadfile).
ALONE = (
    *("bench", "run_ending", "simulation", "soak", "verification/test_memory_does_not_grow.py"),
    "deploy/test_a_rolling_restart_stops_no_lane.py",
)


# The folders whose tests take longest come first: what comes last would keep one process busy while the others are done
# (infra/test.sh keeps this order).
LONGEST_FIRST = ("survival", "fuzz", "documents", "topics", "faults", "verification")


def pytest_configure(config: pytest.Config) -> None:
    """Starts the watchdog, which ends all processes of the run however the run ends."""
    config.add_cleanup(watchdog.start())
    config.pluginmanager.register(worker_logs)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that may not run in parallel with others."""
    places = tuple(Path(__file__).parent / place for place in ALONE)
    for item in items:
        if any(place == item.path or place in item.path.parents for place in places):
            item.add_marker(pytest.mark.alone)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """When the folder of a test has its turn; within a turn tests keep their order."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Lets a run of one half (infra/test.sh) pass when its options select tests of the other half only."""
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
    async with isolated_environment(servers, tmp_path / "home") as isolated_settings:
        yield isolated_settings


@pytest_asyncio.fixture
async def system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """Topics and tables for one test, without workers; the test starts, kills and pauses those it needs."""
    async with running_system(settings, tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """What a command that runs within a test sets up for its logs ends with the test."""
    with logs_stay():
        yield


@pytest.fixture
def no_addresses_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the addresses of servers and the home from the environment."""
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "REDIS_URL", "HOME"):
        monkeypatch.delenv(f"ANNALS_{name}", raising=False)
