"""Each test of a port runs twice: over the twin in memory, and over the real adapter on the run's servers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.settings import Settings
from tests.ports.messaging import Messaging, messaging_in_kafka, messaging_in_memory
from tests.ports.stored_models import StoredModels, models_in_memory, models_in_redis
from tests.ports.tables import EventStores, Tables, tables_in_memory, tables_in_postgres


@pytest.fixture(params=["memory", "real"])
def own(request: pytest.FixtureRequest) -> Settings | None:
    """Settings of one's own for the real adapters; None stands for the twins."""
    if request.param == "memory":
        return None
    settings: Settings = request.getfixturevalue("settings")
    return settings


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real adapters wait less for an answer than in production. The twins answer at once."""
    monkeypatch.setattr("infra.postgres.pool.COMMAND_TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr("infra.postgres.pool.ACQUIRE_TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr("infra.redis.connection.ANSWER_TIMEOUT_SECONDS", 1.0)


@pytest_asyncio.fixture
async def tables(own: Settings | None) -> AsyncIterator[Tables]:
    if own is None:
        yield tables_in_memory()
        return
    async with tables_in_postgres(own) as tables_in_use:
        yield tables_in_use


@pytest.fixture
def store(tables: Tables) -> EventStores:
    """The event store."""
    return tables.store


@pytest_asyncio.fixture
async def models(own: Settings | None) -> AsyncIterator[StoredModels]:
    if own is None:
        yield models_in_memory()
        return
    async with models_in_redis(own) as models_in_use:
        yield models_in_use


@pytest_asyncio.fixture
async def messaging(own: Settings | None) -> AsyncIterator[Messaging]:
    async with messaging_in_memory() if own is None else messaging_in_kafka(own) as messaging_in_use:
        yield messaging_in_use
