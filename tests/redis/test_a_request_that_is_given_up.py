"""Whoever cancels a request to Redis gets it cancelled, at whatever moment that is.

Python 3.11's `asyncio.wait_for`, with which redis-py sends, forgets a cancellation that comes when the command has just
been sent: a lane or a query that was to end went on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from infra.redis.connection import watched


async def get(redis: Any) -> None:
    await redis.get("card")


async def transaction(redis: Any) -> None:
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.get("card")
        await pipeline.execute()


async def watch(redis: Any) -> None:
    async with redis.pipeline() as pipeline:
        await watched(pipeline, "card")


@pytest.mark.parametrize("request_once", [get, transaction, watch])
@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "not yet connected"])
async def test_ends_there(redis: Any, request_once: Callable[[Any], Awaitable[None]], is_connected: bool) -> None:
    async def request_for_ever() -> None:
        while True:
            await request_once(redis)

    for turns in range(40):
        await redis.get("card") if is_connected else await redis.connection_pool.disconnect()
        task = asyncio.create_task(request_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), f"after {turns} turns of the loop it has not ended"
