"""Our connections to Redis: what hiredis packs is what redis-py would have sent, and no answer is taken for another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.asyncio import Connection
from redis.exceptions import DataError, ResponseError

from infra.redis.connection import client, watched
from infra.settings import Settings

arguments = st.binary() | st.text() | st.integers() | st.floats(allow_nan=False)
names = st.sampled_from(["SET", "MSET", "ZADD", "CONFIG GET", "CLIENT NO-EVICT", b"GET", b"OBJECT ENCODING"])


def ours() -> Any:
    """A connection of ours that is not connected."""
    return client(Settings(redis_url=SecretStr("redis://127.0.0.1:1"))).connection_pool.make_connection()


@given(names, st.lists(arguments, max_size=5))
def test_a_command_is_packed_as_redis_py_does(name: Any, values: list[Any]) -> None:
    assert b"".join(ours().pack_command(name, *values)) == b"".join(Connection().pack_command(name, *values))


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_a_value_that_is_none_is_refused_as_redis_py_does(value: Any) -> None:
    with pytest.raises(DataError):
        ours().pack_command("SET", "key", value)


async def test_watched_keys_are_read_in_the_same_breath(redis: Any) -> None:
    await redis.set("first", "1")
    async with redis.pipeline(transaction=True) as pipeline:
        assert await watched(pipeline, "first", "second") == [b"1", None]
        assert pipeline.watching


async def test_after_a_refused_watch_the_next_command_gets_its_own_answer(redis: Any) -> None:
    async with redis.pipeline(transaction=True) as pipeline:
        with pytest.raises(ResponseError):
            await watched(pipeline)
        assert not pipeline.watching
    assert await redis.echo("hello") == b"hello"
