"""A crew that reaches each of its servers through a proxy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from tests.faults.crew import Crew
from tests.faults.proxy import HOST, Proxy
from tests.system import System


@dataclass(frozen=True, slots=True)
class Network:
    """The crew, and the lines between it and the servers by the servers' names."""

    crew: Crew
    lines: dict[str, Proxy]


@asynccontextmanager
async def networked(system: System) -> AsyncIterator[Network]:
    """The lines are straight at first; the tests themselves take none of them."""
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
    crew = Crew(
        system,
        kafka_bootstrap_servers=f"{HOST}:{lines['kafka'].port}",
        database_url=_through(lines["postgres"], settings.database_url),
        redis_url=_through(lines["redis"], settings.redis_url),
    )
    try:
        yield Network(crew, lines)
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
