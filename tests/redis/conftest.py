"""A Redis database of one's own, by our adapters and by a client beside them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings


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


async def all_keys(redis: Any) -> dict[bytes, Any]:
    """All that the database holds."""
    found: dict[bytes, Any] = {}
    for key in await redis.keys("*"):
        ordered = await redis.type(key) == b"zset"
        found[key] = await redis.zrange(key, 0, -1, withscores=True) if ordered else await redis.get(key)
    return found
