"""The gateway on a system in memory, and a client that speaks to it without a network."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from tests.gateway.in_memory import SystemInMemory, application


@pytest.fixture
def system() -> SystemInMemory:
    return SystemInMemory()


@pytest.fixture
def app(system: SystemInMemory) -> FastAPI:
    return application(system)


@pytest_asyncio.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        yield client


@pytest_asyncio.fixture
async def client_of() -> AsyncIterator[Callable[[SystemInMemory], httpx.AsyncClient]]:
    """A client of the gateway on a system of the test's own."""
    async with AsyncExitStack() as clients:

        def client(system: SystemInMemory) -> httpx.AsyncClient:
            opened = httpx.AsyncClient(transport=httpx.ASGITransport(application(system)), base_url="http://gateway")
            clients.push_async_callback(opened.aclose)
            return opened

        yield client
