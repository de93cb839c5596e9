"""Systems with a crew: one healthy worker of each role, which a test takes out, dooms, and puts back."""

from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests.faults.crew import Crew
from tests.faults.network import Network, networked
from tests.servers import Servers, corner
from tests.system import System, running_system

FAILED = pytest.StashKey[bool]()


class Crews:
    """The crew of a file. One that a test has failed with is dismissed, with all that it had written."""

    def __init__(self, servers: Servers, folders: pytest.TempPathFactory) -> None:
        self._servers = servers
        self._folders = folders
        self._system = AsyncExitStack()
        self._crew: Crew | None = None

    async def current(self) -> Crew:
        if self._crew is None:
            folder = self._folders.mktemp("crew")
            settings = await self._system.enter_async_context(corner(self._servers, folder / "home"))
            self._crew = Crew(await self._system.enter_async_context(running_system(settings, folder)))
        return self._crew

    async def dismiss(self) -> None:
        self._crew = None
        await self._system.aclose()


@pytest_asyncio.fixture(scope="module")
async def crews(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crews]:
    found = Crews(servers, tmp_path_factory)
    yield found
    await found.dismiss()


@pytest_asyncio.fixture
async def crew(crews: Crews, request: pytest.FixtureRequest) -> AsyncIterator[Crew]:
    """Topics and tables for the tests of one file: a test goes on where another has left off in good order."""
    yield await crews.current()
    if request.node.stash.get(FAILED, True):
        await crews.dismiss()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes of each test whether it has failed, for `crew`."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = not report.passed
    return report


@pytest_asyncio.fixture(scope="module")
async def network(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Network]:
    """As `crew`, with a proxy before each server."""
    folder = tmp_path_factory.mktemp("network")
    async with (
        corner(servers, folder / "home") as settings,
        running_system(settings, folder) as system,
        networked(system) as network,
    ):
        yield network


@pytest_asyncio.fixture
async def system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """Topics and tables for one test, which starts its own workers."""
    async with running_system(settings, tmp_path) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows how long each recovery took."""
    took = [
        (value, report.nodeid)
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "recovery_seconds"
    ]
    if took:
        terminalreporter.section("seconds from the end of a fault until all was done")
        for seconds, test in took:
            terminalreporter.line(f"{seconds:6.1f}  {test}")
