"""The gateway and the workers as processes of their own, on the run's servers."""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from infra.settings import Settings
from tests.system import System, running_system
from tests.waiting import until
from tests.warm.process import AnyProcess, start

ADDRESS = re.compile(r"http://127\.0\.0\.1:[1-9]\d*")
# More than any answer may take, so that a hang is seen as one.
HTTP_TIMEOUT_SECONDS = 20.0
STOP_TIMEOUT_SECONDS = 20.0


class Ended(NamedTuple):
    """A command line that has ended."""

    code: int
    output: str
    errors: str


async def annals(settings: Settings, *arguments: str, **variables: str) -> Ended:
    """Run `annals` to its end."""
    process = await start("infra.cli.main", *arguments, env=os.environ | settings.environment() | variables)
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


def _text(log_file: Path) -> str:
    return log_file.read_text()


async def address_in(log_file: Path, process: AnyProcess) -> str:
    """Where a gateway listens that chose its port itself: one that was looked for beforehand may be taken meanwhile."""

    async def said() -> str | None:
        assert process.returncode is None, _text(log_file)
        found = ADDRESS.search(_text(log_file))
        return found and found[0]

    return str(await until(said, "the gateway says where it listens", seconds=90))


@asynccontextmanager
async def running_gateway(settings: Settings, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway process; SIGTERM must end it with 0 afterwards."""
    log_file = folder / "gateway.log"
    with log_file.open("wb") as output:
        process = await start(
            *("infra.cli.main", "gateway"),
            env=os.environ | settings.environment() | {"ANNALS_HTTP_PORT": "0"},
            output=output.fileno(),
        )
    try:
        url = await address_in(log_file, process)
        async with httpx.AsyncClient(base_url=url, timeout=HTTP_TIMEOUT_SECONDS, trust_env=False) as client:

            async def ready() -> bool:
                assert process.returncode is None, log_file.read_text()
                return await is_ready(client)

            await until(ready, "the gateway is ready", seconds=60)
            yield client
        process.terminate()
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            code = await process.wait()
        assert code == 0, log_file.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


class Running(NamedTuple):
    """A whole system that several tests use, each with streams and addresses of its own."""

    system: System
    http: httpx.AsyncClient
    settings: Settings
    folder: Path


@asynccontextmanager
async def everything(settings: Settings, folder: Path) -> AsyncIterator[tuple[System, httpx.AsyncClient]]:
    """Workers of every role, and a client of the gateway."""
    async with running_system(settings, folder) as system:
        command = await system.worker("command")
        await system.worker("projection")
        await system.worker("saga")
        async with running_gateway(settings, folder) as client:
            await system.holding(command, settings.partitions)
            yield system, client


class Timed(NamedTuple):
    """An answer, and how long it took."""

    response: httpx.Response
    seconds: float

    def problem(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.response.content)
        return body


async def timed(request: Any) -> Timed:
    """Await a request and look at the clock."""
    started = time.monotonic()
    return Timed(await request, time.monotonic() - started)
