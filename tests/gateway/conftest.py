"""The gateway on a system in memory, and a client that speaks to it without a network."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from contracts.topics import Topics
from tests.gateway.in_memory import SystemInMemory
from workers.domain import contexts
from workers.gateway.app import create_app
from workers.gateway.asking import Asking
from workers.gateway.backend import Backend
from workers.gateway.queries import Queries

LOOK_INTERVAL_SECONDS = 0.02
CATCH_UP_SECONDS = 0.3


@pytest.fixture
def system() -> SystemInMemory:
    return SystemInMemory()


@pytest.fixture
def app(system: SystemInMemory) -> FastAPI:
    projections = [projection for context in contexts().values() for projection in context.projections]
    backend = Backend(
        Asking(system, system, look_interval_seconds=LOOK_INTERVAL_SECONDS),
        Queries(system, Topics(), projections, catch_up_seconds=CATCH_UP_SECONDS),
        system,
    )
    return create_app(backend)


@pytest_asyncio.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        yield client
