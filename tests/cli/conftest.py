"""`annals(...)` runs the command line in a separate process, on servers that hold two recorded users."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest_asyncio

from infra.settings import Settings
from tests.cli.recorded_streams import record
from tests.servers import Servers, isolated_environment
from tests.warm.process import start

DEADLINE_SECONDS = 60.0


class Ended(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    output: str
    errors: str

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()


async def run_annals(settings: Settings | None, *arguments: str) -> Ended:
    """Run the command to its end. Without settings for a command that needs no server."""
    process = await start("infra.cli.main", *arguments, env=os.environ | (settings.environment() if settings else {}))
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


Annals = Callable[..., Awaitable[Ended]]


@pytest_asyncio.fixture(scope="module")
async def recorded_settings(servers: Servers, tmp_path_factory: object) -> AsyncIterator[Settings]:
    """Settings on servers that hold the recorded streams."""
    folder = Path(tmp_path_factory.mktemp("cli"))  # type: ignore[attr-defined]  # pytest's factory has no public type
    async with isolated_environment(servers, folder) as settings:
        await record(settings)
        yield settings


@pytest_asyncio.fixture
async def annals(recorded_settings: Settings) -> Annals:
    """Runs `annals` with these arguments on the recorded streams."""

    async def run(*arguments: str) -> Ended:
        return await run_annals(recorded_settings, *arguments)

    return run
