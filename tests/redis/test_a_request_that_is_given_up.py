"""Whoever cancels a request to Redis gets it cancelled, at whatever moment that is.

Python 3.11's `asyncio.wait_for`, with which redis-py sends, forgets a cancellation that comes when the command has just
been sent: a lane or a query that was to end went on.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from infra.redis.connection import watched
from tests.cancelling import assert_ends_when_cancelled


async def get(redis: Any) -> None:
    await redis.get("card")


async def disconnect(redis: Any) -> None:
    await redis.connection_pool.disconnect()


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
    before = get if is_connected else disconnect
    await assert_ends_when_cancelled(lambda: request_once(redis), lambda: before(redis))
