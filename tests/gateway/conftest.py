"""The gateway on a system in memory, and a client that speaks to it without a network."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.running import Running, everything
from tests.gateway.serving import serving
from tests.servers import Servers, isolated_environment


@pytest.fixture
def system() -> SystemInMemory:
    return SystemInMemory()


@pytest.fixture
def app(system: SystemInMemory) -> Iterator[FastAPI]:
    with serving(system) as gateway:
        yield gateway


@pytest_asyncio.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Workers of every role and a gateway, for the tests of one file: each uses streams and addresses of its own."""
    folder = tmp_path_factory.mktemp("running")
    async with (
        isolated_environment(servers, folder / "home") as settings,
        everything(settings, folder) as (system, http),
    ):
        yield Running(system, http, settings, folder)


@pytest_asyncio.fixture(scope="module")
async def ruled(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The same, and everybody must prove who they are: by tokens of the development issuer, or by signed commands."""
    folder = tmp_path_factory.mktemp("rules")
    async with isolated_environment(servers, folder / "home") as plain:
        settings = plain.model_copy(update={"auth": "oidc", "auth_development_issuer": True})
        async with everything(settings, folder) as (system, http):
            yield Running(system, http, settings, folder)
