"""A query that comes upon a key of another type, in the place of a document or its sections, does not say that there is
none: nobody sees a card that lacks what was counted.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.read_models import RedisReadModels
from tests.redis.cards import CARDS, TOPIC, batch, card
from workers.ports.lanes import Unavailable
from workers.ports.read_models import DocumentLost

INSTEAD: dict[str, Callable[[Any, str], Awaitable[Any]]] = {
    "a list": lambda redis, key: redis.lpush(key, "x"),
    "a set": lambda redis, key: redis.sadd(key, "x"),
    "a hash": lambda redis, key: redis.hset(key, "a", "x"),
    "a stream": lambda redis, key: redis.xadd(key, {"a": "x"}),
    "a text": lambda redis, key: redis.set(key, "x"),
    "a number": lambda redis, key: redis.set(key, 1),
}


@pytest.mark.parametrize("kind", INSTEAD)
async def test_is_unavailable(writer: RedisReadModelWriter, redis: Any, keys: Keys, kind: str) -> None:
    await writer.commit(batch({"ada": "Rome", "bob": "Oslo"}))
    key = keys.document(CARDS, "ada")
    await redis.delete(key)
    await INSTEAD[kind](redis, key)
    read_models = RedisReadModels(redis, keys)
    for ask in (
        read_models.document(CARDS.projection, "ada"),
        read_models.documents(CARDS.projection, ["ada", "bob"]),
        read_models.find(CARDS.projection, None, 10, None),
    ):
        with pytest.raises(Unavailable, match="lost"):
            await ask
    assert await read_models.document(CARDS.projection, "bob") == card("bob", "Oslo")


@pytest.mark.parametrize("kind", [kind for kind in INSTEAD if kind != "a hash"])
async def test_is_unavailable_in_the_place_of_its_sections(
    writer: RedisReadModelWriter, redis: Any, keys: Keys, kind: str
) -> None:
    await writer.commit(batch({"ada": "Rome", "bob": "Oslo"}))
    await INSTEAD[kind](redis, keys.sections(CARDS, "ada"))
    await INSTEAD[kind](redis, keys.sections(CARDS, "nobody"))
    read_models = RedisReadModels(redis, keys)
    for ask in (
        read_models.document(CARDS.projection, "ada"),
        read_models.documents(CARDS.projection, ["ada", "bob"]),
        read_models.find(CARDS.projection, None, 10, None),
    ):
        with pytest.raises(DocumentLost) as caught:
            await ask
        assert "ada" in str(caught.value)
        assert "DEL" in caught.value.advice
    others = await read_models.documents(CARDS.projection, ["bob", "nobody"])
    assert others == {"bob": card("bob", "Oslo")}


@pytest.mark.parametrize("spoilt", [b"x", b"[]", b"{}", b'{"follower":1}', b"\xff", b'{"action":"retry"}'])
async def test_what_is_no_parked_stream_or_request_stops_no_reader(
    writer: RedisReadModelWriter, redis: Any, keys: Keys, spoilt: bytes
) -> None:
    await redis.hset(keys.parked(CARDS, TOPIC, 0), "ada", spoilt)
    await redis.hset(keys.parked_requests(CARDS, TOPIC, 0), "ada", spoilt)
    assert (await writer.parked(CARDS, TOPIC, 0), await writer.parked_requests(CARDS, TOPIC, 0)) == ([], [])
