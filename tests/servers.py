"""The Kafka, PostgreSQL and Redis that the tests run on, started once per run.

An `ANNALS_*` variable may name a server. The others run as Docker containers if Docker answers and starts them, else as
embedded servers in a temporary folder. `ANNALS_TEST_SERVERS=embedded|docker` requires one of the two.
Each test has an `isolated_environment`: a database, an empty Redis database number, a topic prefix.
"""

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from redis.asyncio import Redis

from infra.devstack.stack import Devstack
from infra.kafka.connection import client_options
from infra.locating import as_setting_values
from infra.settings import Settings
from infra.testing.servers import embedded_servers
from tests import containers, watchdog

FIRST_REDIS_DATABASE = 1
REDIS_DATABASES = 15


@dataclass(frozen=True, slots=True)
class Servers:
    """The running servers: `settings` has all three addresses; `stack` runs the embedded ones, None with Docker."""

    settings: Settings
    stack: Devstack | None
    source: str


@asynccontextmanager
async def running_servers() -> AsyncIterator[Servers]:
    """Starts the servers that the environment does not name and stops them at the end."""
    async with AsyncExitStack() as cleanup:
        home = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix=watchdog.folder_prefix())))
        settings = Settings(home=home)
        choice = os.environ.get("ANNALS_TEST_SERVERS", "")
        if choice != "embedded" and await asyncio.to_thread(containers.docker_answers):
            urls = await asyncio.to_thread(containers.start, settings, cleanup, insist=choice == "docker")
            if urls is not None:
                yield Servers(settings.model_copy(update=as_setting_values(urls)), None, "docker")
                return
        stack, located = await cleanup.enter_async_context(embedded_servers(home))
        yield Servers(located, stack, "embedded")


@asynccontextmanager
async def isolated_environment(servers: Servers, home: Path) -> AsyncIterator[Settings]:
    """Settings that no other test has: a database, a Redis database, a topic prefix and a home."""
    name = f"t{uuid.uuid4().hex[:10]}"
    async with AsyncExitStack() as cleanup:
        database_url = await _own_database(servers.settings, name, cleanup)
        redis_url = await _own_redis_database(servers.settings, cleanup)
        cleanup.push_async_callback(_delete_topics, servers.settings, f"{name}.")
        addresses = as_setting_values({"database_url": database_url, "redis_url": redis_url})
        yield servers.settings.model_copy(update={**addresses, "topic_prefix": f"{name}.", "home": home})


async def _own_database(settings: Settings, name: str, cleanup: AsyncExitStack) -> str:
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            await connection.execute(statement, timeout=30)
        finally:
            await connection.close(timeout=10)

    await execute(f"CREATE DATABASE {name}")
    cleanup.push_async_callback(execute, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _own_redis_database(settings: Settings, cleanup: AsyncExitStack) -> str:
    """The URL of an empty database. It is emptied again afterwards; no other database changes."""
    assert settings.redis_url is not None
    parts = urlsplit(settings.redis_url.get_secret_value())
    for number in _redis_databases():
        url = urlunsplit(parts._replace(path=f"/{number}"))
        async with Redis.from_url(url, socket_timeout=10) as client:
            if not await client.dbsize():
                cleanup.push_async_callback(_empty_redis_database, url)
                return url
    raise AssertionError(f"Redis databases {_redis_databases()} all hold keys; empty one of them.")


def _redis_databases() -> list[int]:
    """The numbers that this process may use: several processes of one run (pytest-xdist) may share a server."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    databases = range(FIRST_REDIS_DATABASE, REDIS_DATABASES + 1)
    return [database for database in databases if database % processes == number % processes]


async def _empty_redis_database(url: str) -> None:
    async with Redis.from_url(url, socket_timeout=10) as client:
        await client.flushdb()


async def _delete_topics(settings: Settings, prefix: str) -> None:
    admin = AIOKafkaAdminClient(**client_options(settings) | {"request_timeout_ms": 20_000})
    try:
        await admin.start()
        topics = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
        if topics:
            await admin.delete_topics(topics)
    finally:
        await admin.close()
