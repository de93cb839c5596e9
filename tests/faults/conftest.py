"""Systems with a worker pool, in which tests replace and kill workers."""

from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests.faults.network import Network, networked
from tests.faults.worker_pool import WorkerPool
from tests.servers import Servers, isolated_environment
from tests.system import System, running_system

FAILED = pytest.StashKey[bool]()


class WorkerPools:
    """The worker pool of a test file. When a test fails, its pool is discarded with all data."""

    def __init__(self, servers: Servers, folders: pytest.TempPathFactory) -> None:
        self._servers = servers
        self._folders = folders
        self._system = AsyncExitStack()
        self._pool: WorkerPool | None = None

    async def current(self) -> WorkerPool:
        if self._pool is None:
            folder = self._folders.mktemp("pool")
            settings = await self._system.enter_async_context(isolated_environment(self._servers, folder / "home"))
            self._pool = WorkerPool(await self._system.enter_async_context(running_system(settings, folder)))
        return self._pool

    async def discard(self) -> None:
        self._pool = None
        await self._system.aclose()


@pytest_asyncio.fixture(scope="module")
async def pools(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerPools]:
    worker_pools = WorkerPools(servers, tmp_path_factory)
    yield worker_pools
    await worker_pools.discard()


@pytest_asyncio.fixture
async def pool(pools: WorkerPools, request: pytest.FixtureRequest) -> AsyncIterator[WorkerPool]:
    """A worker pool that the tests of one file share, until one of them fails."""
    yield await pools.current()
    if request.node.stash.get(FAILED, True):
        await pools.discard()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Records whether each test failed, for the fixture `pool`."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = not report.passed
    return report


@pytest_asyncio.fixture(scope="module")
async def network(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Network]:
    """A worker pool that reaches each server through a proxy."""
    folder = tmp_path_factory.mktemp("network")
    async with (
        isolated_environment(servers, folder / "home") as settings,
        running_system(settings, folder) as system,
        networked(system) as network,
    ):
        yield network


@pytest_asyncio.fixture
async def system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """Topics and tables for one test, without workers; the test starts them."""
    async with running_system(settings, tmp_path) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows how long each recovery took."""
    recoveries = [
        (value, report.nodeid)
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "recovery_seconds"
    ]
    if recoveries:
        terminalreporter.section("seconds from the end of a fault until all work was done")
        for seconds, test in recoveries:
            terminalreporter.line(f"{seconds:6.1f}  {test}")
