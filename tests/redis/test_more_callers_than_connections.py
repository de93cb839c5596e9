"""A process may have more lanes than connections to Redis: then they wait for one another, and none is refused."""

import asyncio
from typing import Any

from infra.redis.connection import MAX_CONNECTIONS


async def test_wait_for_one_another(redis: Any, settings: Any) -> None:
    key = f"{settings.topic_prefix}counter"
    try:
        await asyncio.gather(*(redis.incr(key) for _ in range(4 * MAX_CONNECTIONS)))
        assert int(await redis.get(key)) == 4 * MAX_CONNECTIONS
        assert len(await redis.client_list()) <= MAX_CONNECTIONS + 10
    finally:
        await redis.delete(key)
