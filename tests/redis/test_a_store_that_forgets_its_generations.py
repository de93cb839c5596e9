"""The live generation is stored twice: whatever replaces one of the two, no reader reads another generation."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from infra.redis.documents import RedisStoredDocuments
from infra.redis.generations import RedisGenerations
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.read_models import RedisReadModels
from tests.redis.cards import CARDS, TOPIC, batch, card
from workers.domain.users.card import card as user_card
from workers.operations.generations.building import next_generation
from workers.operations.generations.ports import GenerationPorts
from workers.ports.read_models import START, Checkpoint, Generation

NAME = CARDS.projection
SECOND = Generation(NAME, 2)
LOSSES: dict[str, Callable[[Any, str], Awaitable[Any]]] = {
    "deleted": lambda redis, key: redis.delete(key),
    "renamed": lambda redis, key: redis.rename(key, "elsewhere"),
    "of another type": lambda redis, key: redis.lpush(key, "1"),
    "a text": lambda redis, key: redis.set(key, "x"),
    "nothing": lambda redis, key: redis.set(key, ""),
    "a number that is none": lambda redis, key: redis.set(key, "9" * 5000),
}


async def lost(redis: Any, key: str, loss: str) -> None:
    if loss == "of another type":
        await redis.delete(key)
    await LOSSES[loss](redis, key)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("loss", LOSSES)
async def test_all_readers_and_writers_go_on_with_the_one_that_is_live(
    redis: Any, keys: Keys, loss: str, which: int
) -> None:
    writer, queries, generations = (
        RedisReadModelWriter(redis, keys),
        RedisReadModels(redis, keys),
        RedisGenerations(redis, keys),
    )
    await writer.commit(batch({"ada": "Rome"}))
    built = batch({"ada": "Oslo"})._replace(generation=SECOND, only_if_live=False)
    await writer.commit(built)
    await generations.switch(CARDS, SECOND)

    await lost(redis, keys.both_live(NAME)[which], loss)
    assert await writer.live(NAME) == SECOND
    assert await generations.live(NAME) == SECOND
    assert await RedisStoredDocuments(redis, keys).live(NAME) == SECOND
    assert await queries.document(NAME, "ada") == card("ada", "Oslo")

    after = Checkpoint(2, 2)
    await writer.commit(batch({"bob": "Rome"}, expected=built.checkpoint, to=after)._replace(generation=SECOND))
    assert await redis.mget(keys.both_live(NAME)) == [b"2", b"2"], "the next batch writes what is missing"
    assert await generations.previous(NAME) == CARDS
    await generations.switch(SECOND, CARDS)
    assert await queries.document(NAME, "ada") == card("ada", "Rome")


async def test_a_switch_by_a_release_that_knows_one_of_the_two_counts(redis: Any, keys: Keys) -> None:
    generations = RedisGenerations(redis, keys)
    await generations.switch(CARDS, SECOND)
    await redis.set(keys.live(NAME), 3)
    assert await generations.live(NAME) == Generation(NAME, 3)


async def test_a_store_that_was_never_switched_keeps_neither(redis: Any, keys: Keys) -> None:
    await RedisReadModelWriter(redis, keys).commit(batch({"ada": "Rome"}))
    assert await redis.mget(keys.both_live(NAME)) == [None, None]


@pytest.mark.parametrize("spoilt", ["x", "", "-1"])
async def test_numbers_that_are_none_are_passed_over(redis: Any, keys: Keys, spoilt: str) -> None:
    await redis.set(keys.previous(NAME), spoilt)
    await redis.sadd(keys.begun(NAME), 2, spoilt)
    generations = RedisGenerations(redis, keys)
    assert await generations.previous(NAME) is None
    assert await generations.existing(NAME) == [CARDS, SECOND]


async def test_a_build_is_not_begun_upon_a_generation_that_the_store_has_forgotten(redis: Any, keys: Keys) -> None:
    forgotten = Generation("users", 2)
    await RedisReadModelWriter(redis, keys).commit(
        batch({"ada": "Oslo"})._replace(generation=forgotten, only_if_live=False)
    )
    generations = RedisGenerations(redis, keys)
    unused = cast(Any, SimpleNamespace())
    ports = GenerationPorts(generations, unused, unused, unused, unused, Topics(), StoredEvents({}), 1)
    assert await next_generation(ports, user_card, fresh=False) == Generation("users", 3)
    assert (await generations.status(Generation("users", 3), [(TOPIC, 0)])).checkpoints[TOPIC, 0] == START
