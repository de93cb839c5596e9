"""Parts of `annals bench` on the servers of the tests; `leftovers` says what a run has left behind there."""

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from infra.kafka.topics import administration
from infra.measuring.bench.servers import Servers as BenchServers
from infra.measuring.bench.servers import local_processes
from infra.settings import Settings
from tests.servers import Servers

PREFIX = "annals_bench_"
SERVERS = {"postgres", "kafka", "redis"}


@pytest.fixture(scope="session")
def bench_servers(servers: Servers) -> BenchServers:
    """The servers of the tests as a run of the bench has them."""
    return BenchServers(servers.settings, local_processes(servers.settings))


async def leftovers(settings: Settings) -> list[str]:
    """The databases, topics and keys of bench runs that still exist, and the processes that work there."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        databases = await bench_databases(connection)
    finally:
        await connection.close()
    async with administration(settings) as admin:
        topics = [name for name in await admin.list_topics() if name.startswith(PREFIX)]
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        keys = [key.decode() async for key in redis.scan_iter(f"{PREFIX}*")]
    processes = [f"process {process.pid}" for process in psutil.process_iter() if _benched(process, settings)]
    return [*databases, *topics, *keys, *processes]


async def bench_databases(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """The databases of bench runs."""
    rows = await connection.fetch(f"SELECT datname FROM pg_database WHERE datname LIKE '{PREFIX}%'")  # noqa: S608
    return [row[0] for row in rows]


def _benched(process: psutil.Process, settings: Settings) -> bool:
    """Whether it works in an environment of a bench run, on these servers."""
    try:
        environment = process.environ()
    except psutil.Error:
        return False
    on_these = environment.get("ANNALS_KAFKA_BOOTSTRAP_SERVERS") == settings.kafka_bootstrap_servers
    return on_these and PREFIX in environment.get("ANNALS_TOPIC_PREFIX", "")
