"""A worker pool that reaches each of its servers through a proxy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from tests.faults.proxy import HOST, Proxy
from tests.faults.worker_pool import WorkerPool
from tests.system import System


@dataclass(frozen=True, slots=True)
class Network:
    """The worker pool, and the proxies between it and the servers, by the server's name."""

    pool: WorkerPool
    lines: dict[str, Proxy]


@asynccontextmanager
async def networked(system: System) -> AsyncIterator[Network]:
    """Proxies that at first pass everything on. The test itself connects to the servers directly."""
    settings = system.settings
    assert settings.kafka_bootstrap_servers is not None
    assert settings.database_url is not None
    assert settings.redis_url is not None
    lines = {
        "kafka": Proxy(int(settings.kafka_bootstrap_servers.rpartition(":")[2]), is_kafka=True),
        "postgres": Proxy(_port(settings.database_url)),
        "redis": Proxy(_port(settings.redis_url)),
    }
    for line in lines.values():
        await line.start()
    pool = WorkerPool(
        system,
        kafka_bootstrap_servers=f"{HOST}:{lines['kafka'].port}",
        database_url=_through(lines["postgres"], settings.database_url),
        redis_url=_through(lines["redis"], settings.redis_url),
    )
    try:
        yield Network(pool, lines)
    finally:
        for line in lines.values():
            await line.stop()


def _port(url: SecretStr) -> int:
    port = urlsplit(url.get_secret_value()).port
    assert port is not None
    return port


def _through(line: Proxy, url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    account = parts.netloc.rpartition("@")[0]
    return SecretStr(urlunsplit(parts._replace(netloc=f"{account}@{HOST}:{line.port}")))
