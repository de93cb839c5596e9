"""A Redis database of one's own, by our adapters and by a client beside them."""

import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from infra.devstack.stack import Devstack
from infra.locating import as_setting_values
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings
from tests.property_tests import remove_time_limits

remove_time_limits()


@pytest_asyncio.fixture
async def redis(settings: Settings) -> AsyncIterator[Any]:
    connected = client(settings)
    yield connected
    await connected.aclose()


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return Keys(settings.topic_prefix)


@pytest.fixture
def writer(redis: Any, keys: Keys) -> RedisReadModelWriter:
    return RedisReadModelWriter(redis, keys)


@pytest_asyncio.fixture(scope="module")
async def own_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A Redis of one's own, whose configuration a test may change: settings that name it, and no other server."""
    elsewhere = Settings(
        home=tmp_path_factory.mktemp("redis"),
        kafka_bootstrap_servers="127.0.0.1:1",
        database_url=SecretStr("postgresql://127.0.0.1:1/none"),
        redis_url=None,
    )
    stack = Devstack(elsewhere.home, elsewhere)
    addresses = await stack.start()
    try:
        yield elsewhere.model_copy(update=as_setting_values(addresses.by_field()))
    finally:
        await stack.stop()


@pytest_asyncio.fixture
async def own_redis(own_server: Settings) -> AsyncIterator[Any]:
    """A client of this server, which is empty and has its usual policy before and after the test."""
    async with client(own_server) as connected:
        await usual(connected)
        yield connected
        await usual(connected)


@pytest.fixture
def dead_address() -> Iterator[tuple[str, int]]:
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()


@pytest.fixture
def hanging_address() -> Iterator[tuple[str, int]]:
    """Where connections are accepted, and nothing is answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


async def usual(redis: Any) -> None:
    """The server is empty, evicts nothing and has no limit."""
    await redis.config_set("maxmemory", 0)
    await redis.config_set("maxmemory-policy", "noeviction")
    await redis.config_resetstat()
    await redis.flushall()


async def all_keys(redis: Any) -> dict[bytes, Any]:
    """All that the database holds."""
    contents: dict[bytes, Any] = {}
    for key in await redis.keys("*"):
        ordered = await redis.type(key) == b"zset"
        contents[key] = await redis.zrange(key, 0, -1, withscores=True) if ordered else await redis.get(key)
    return contents
