"""A migrated database of one's own, seen through the adapters and by an onlooker who is not one of them."""

import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.settings import Settings


@pytest.fixture
def empty_url(settings: Settings) -> str:
    """A database without a schema."""
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


@pytest_asyncio.fixture
async def url(empty_url: str) -> str:
    """A database with the schema of this version."""
    await migrate(empty_url)
    return empty_url


@pytest_asyncio.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The workers' pool."""
    pool = Database(url, role="annals_writer", connections=4)
    await pool.open()
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def onlooker(url: str) -> AsyncIterator[Any]:
    """A plain connection of the account that owns the database."""
    connection = await asyncpg.connect(url, timeout=10)
    yield connection
    await connection.close(timeout=10)


@pytest.fixture
def closed_port() -> Iterator[str]:
    """The URL of a server that does not run: its port is bound, and no process listens on it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"postgresql://someone@127.0.0.1:{bound.getsockname()[1]}/annals"


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"postgresql://someone@127.0.0.1:{listening.getsockname()[1]}/annals"
