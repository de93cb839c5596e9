"""A connection to Redis that breaks between two commands is a Redis that is away, also on uvloop, where the transport
raises RuntimeError: no bug, for which a lane would stop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvloop
from pydantic import SecretStr

from infra.redis.connection import client, faults_sorted, watched
from infra.settings import Settings
from tests.ports.lines import Loss, lossy_proxy
from workers.ports.lanes import Unavailable

Step = Callable[[Any], Awaitable[None]]

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


async def _watching(pipeline: Any) -> None:
    await pipeline.watch("card")


async def _watched(pipeline: Any) -> None:
    await watched(pipeline, "card")


async def _read(pipeline: Any) -> None:
    await pipeline.get("card")


async def _execute(pipeline: Any) -> None:
    pipeline.multi()
    pipeline.set("card", b"changed")
    await pipeline.execute()


@pytest.mark.parametrize("step", [_read, _execute])
@pytest.mark.parametrize("begin", [_watching, _watched])
@pytest.mark.parametrize("loss", ["requests", "answers"])
async def test_is_no_conflict_over_keys_that_are_watched(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, loss: Loss, begin: Step, step: Step
) -> None:
    """redis-py says that a watched key was changed. Whoever believes it blames another worker or operator."""
    monkeypatch.setattr("infra.redis.connection.ANSWER_TIMEOUT_SECONDS", 1.0)
    assert settings.redis_url is not None
    url = settings.redis_url.get_secret_value()
    port = urlsplit(url).port
    assert port is not None
    async with lossy_proxy(port) as line:
        behind = SecretStr(url.replace(f":{port}/", f":{line.port}/"))
        async with client(settings.model_copy(update={"redis_url": behind})) as redis:

            async def lose() -> None:
                async with redis.pipeline(transaction=True) as pipeline:
                    await begin(pipeline)
                    line.loses = loss
                    await step(pipeline)

            with pytest.raises(Unavailable), faults_sorted():
                await lose()
            line.loses = "nothing"
            was_written = step is _execute and loss == "answers"
            assert await redis.get("card") == (b"changed" if was_written else None)


async def test_is_told_from_a_bug(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(_: Any) -> None:
        raise RecursionError

    connection = await redis.connection_pool.get_connection()
    monkeypatch.setattr(connection, "_send_packed_command", send)
    with pytest.raises(RecursionError), faults_sorted():
        await connection.send_command("GET", "card")
    monkeypatch.undo()
    await redis.connection_pool.release(connection)
