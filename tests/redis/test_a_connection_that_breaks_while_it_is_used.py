"""A connection to Redis that breaks between two commands is a Redis that is away, also on uvloop, where the transport
raises RuntimeError: no bug, for which a lane would stop.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from infra.redis.connection import client, faults_sorted
from infra.settings import Settings
from workers.ports.lanes import Unavailable

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_is_a_server_that_is_away(
    settings: Settings, new_loop: Callable[[], asyncio.AbstractEventLoop], turns: int
) -> None:
    async def test() -> None:
        redis = client(settings)
        connection = await redis.connection_pool.get_connection()
        await connection.send_command("GET", "card")
        await connection.read_response()
        connection._writer.transport.abort()
        for _ in range(turns):
            await asyncio.sleep(0)
        with pytest.raises(Unavailable), faults_sorted():
            await connection.send_command("GET", "card")
        await redis.connection_pool.release(connection)
        assert await redis.ping(), "another one is opened"
        await redis.aclose()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(test())


async def test_while_keys_are_watched_is_not_opened_again_to_forget_them(redis: Any) -> None:
    """A server that is silent then would hold up whoever gives up."""
    async with redis.pipeline(transaction=True) as pipeline:
        await pipeline.watch("card")
        connection = pipeline.connection
        await connection.disconnect(nowait=True)
    assert not connection.is_connected
    assert await redis.ping()


async def test_is_told_from_a_bug(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(_: Any) -> None:
        raise RecursionError

    connection = await redis.connection_pool.get_connection()
    monkeypatch.setattr(connection, "_send_packed_command", send)
    with pytest.raises(RecursionError), faults_sorted():
        await connection.send_command("GET", "card")
    monkeypatch.undo()
    await redis.connection_pool.release(connection)
