"""Systems with a crew: one healthy worker of each role, which a test takes out, dooms, and puts back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests.faults.crew import Crew
from tests.faults.network import Network, networked
from tests.servers import Servers, corner
from tests.system import System, running_system


@pytest_asyncio.fixture(scope="module")
async def crew(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crew]:
    """Topics and tables for the tests of one file, which go on where the one before has left off."""
    folder = tmp_path_factory.mktemp("crew")
    async with corner(servers, folder / "home") as settings, running_system(settings, folder) as system:
        yield Crew(system)


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
