"""The pool has one connection at hand, and others beside it. None is lent that the server has closed, and the one at
hand keeps nobody waiting.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from redis.exceptions import ConnectionError as ConnectionLost

from infra.redis import connection
from infra.redis.connection import client
from infra.settings import Settings
from tests.waiting import until


@pytest_asyncio.fixture
async def redis(settings: Settings) -> AsyncIterator[Any]:
    async with client(settings) as opened:
        yield opened


async def test_is_used_again_and_again(redis: Any) -> None:
    assert len({await redis.client_id() for _ in range(5)}) == 1


async def test_is_replaced_when_the_server_has_closed_it(redis: Any, settings: Settings) -> None:
    own = await redis.client_id()
    async with client(settings) as other:
        await other.execute_command("CLIENT", "KILL", "ID", own)
    await until(redis.connection_pool._at_hand.can_read, "the end of the connection is noticed")
    assert await redis.client_id() != own


async def test_and_so_are_all_others(redis: Any, settings: Settings) -> None:
    async def ids() -> set[int]:
        return set(await asyncio.gather(*(redis.client_id() for _ in range(4))))

    own = await ids()
    async with client(settings) as other:
        for number in own:
            await other.execute_command("CLIENT", "KILL", "ID", number)
    pool = redis.connection_pool

    async def are_noticed() -> bool:
        return all([await open_one.can_read() for open_one in (pool._at_hand, *pool._available_connections)])

    await until(are_noticed, "the end of each connection is noticed")
    assert len(own) == 4
    assert own.isdisjoint(await ids())


async def test_is_closed_with_those_that_nobody_uses(redis: Any) -> None:
    own = await redis.client_id()
    await redis.connection_pool.disconnect(inuse_connections=False)
    assert await redis.client_id() != own


async def test_is_none_that_still_owes_an_answer(redis: Any) -> None:
    asking = asyncio.ensure_future(redis.blpop("nothing", timeout=30))
    await redis.ping()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert [await redis.echo(text) for text in ("one", "two")] == [b"one", b"two"]


@pytest.mark.parametrize("connections", [1, 2])
async def test_goes_to_who_waits_for_one(settings: Settings, monkeypatch: pytest.MonkeyPatch, connections: int) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", connections)
    monkeypatch.setattr(connection, "FREE_CONNECTION_TIMEOUT_SECONDS", 20.0)
    async with client(settings) as few, client(settings) as other:
        holding = [asyncio.ensure_future(few.blpop("work", timeout=20)) for _ in range(connections)]
        waiting = [asyncio.ensure_future(few.echo("waited")) for _ in range(3)]
        await other.ping()
        await other.rpush("work", "x")
        async with asyncio.timeout(10):
            assert await asyncio.gather(*waiting) == [b"waited"] * 3
        for call in holding:
            call.cancel()
        await asyncio.gather(*holding, return_exceptions=True)


async def test_is_given_back_when_it_cannot_be_used(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a server that is away for long would use up all connections."""

    async def fails(_: Any) -> None:
        raise ConnectionLost("the server is away")

    await redis.ping()
    monkeypatch.setattr(redis.connection_pool, "ensure_connection", fails)
    with pytest.raises(ConnectionLost, match="is away"):
        await redis.ping()
    assert not redis.connection_pool._in_use_connections
