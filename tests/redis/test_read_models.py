"""Documents, indexes and the checkpoint change together, by the one who knows the checkpoint, or not at all."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.read_models import RedisReadModels
from tests.redis.cards import CARDS, TOPIC, batch, card, city, entries, ids, removal
from tests.redis.conftest import all_keys
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, Generation, ReadModelBatch

FIRST, SECOND = Checkpoint(3, 10), Checkpoint(5, 12)


class OvertakenWriter(RedisReadModelWriter):
    """Between its WATCH and its EXEC another client sets the checkpoint, or empties the whole database."""

    def __init__(self, redis: Any, keys: Keys, command: tuple[str, ...]) -> None:
        super().__init__(redis, keys)
        self._command = command

    def _queue(self, pipeline: Any, batch: ReadModelBatch) -> None:
        super()._queue(pipeline, batch)
        execute = pipeline.execute

        async def overtaken(*arguments: Any) -> Any:
            await self._redis.execute_command(*self._command)
            return await execute(*arguments)

        pipeline.execute = overtaken


async def test_a_batch_writes_documents_indexes_and_checkpoint(
    writer: RedisReadModelWriter, read_models: RedisReadModels
) -> None:
    assert await writer.checkpoint(CARDS, TOPIC, 0) == START
    assert await writer.is_empty(CARDS)
    await writer.commit(batch({"ada": "Rome", "bob": "Oslo"}, to=FIRST))
    assert await writer.checkpoint(CARDS, TOPIC, 0) == FIRST
    assert not await writer.is_empty(CARDS)
    assert await writer.documents(CARDS, ["bob", "nobody", "ada"]) == {
        "ada": card("ada", "Rome"),
        "bob": card("bob", "Oslo"),
    }
    assert await read_models.document(CARDS.projection, "ada") == card("ada", "Rome")
    assert await read_models.document(CARDS.projection, "nobody") is None
    assert await read_models.reached(CARDS.projection, TOPIC, 0) == FIRST.sequence
    assert (await read_models.find(CARDS.projection, city("Oslo"), 10, None)) == ([card("bob", "Oslo")], None)


async def test_lanes_projections_and_prefixes_are_apart(writer: RedisReadModelWriter, redis: Any) -> None:
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    await writer.commit(batch({"bob": "Rome"}, partition=1, to=SECOND))
    assert await writer.checkpoint(CARDS, TOPIC, 0) == FIRST
    assert await writer.checkpoint(CARDS, TOPIC, 1) == SECOND
    assert await writer.checkpoint(Generation("other"), TOPIC, 0) == START
    assert await writer.is_empty(Generation("other"))
    assert await RedisReadModelWriter(redis, Keys("elsewhere.")).is_empty(CARDS)


@pytest.mark.parametrize("expected", [START, SECOND, Checkpoint(3, 11), Checkpoint(2, 10)], ids=str)
async def test_another_checkpoint_than_expected_writes_nothing(
    writer: RedisReadModelWriter, redis: Any, expected: Checkpoint
) -> None:
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    before = await all_keys(redis)
    with pytest.raises(CheckpointMoved):
        await writer.commit(batch({"ada": "Oslo", "bob": "Oslo"}, expected=expected, to=SECOND))
    assert await all_keys(redis) == before


async def test_a_repeated_batch_writes_nothing(writer: RedisReadModelWriter, redis: Any) -> None:
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    before = await all_keys(redis)
    with pytest.raises(CheckpointMoved):
        await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    assert await all_keys(redis) == before


@pytest.mark.parametrize("moved_to", ["5:12", "3:10"], ids=["forward", "to the same value"])
async def test_a_checkpoint_moved_between_watch_and_exec_writes_nothing(
    writer: RedisReadModelWriter, redis: Any, keys: Keys, moved_to: str
) -> None:
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    guard = keys.checkpoint(CARDS, TOPIC, 0)
    late = OvertakenWriter(redis, keys, ("SET", guard, moved_to))
    before = await all_keys(redis)
    with pytest.raises(CheckpointMoved):
        await late.commit(batch({"ada": "Oslo", "bob": "Oslo"}, expected=FIRST, to=SECOND))
    assert await all_keys(redis) == before | {guard.encode(): moved_to.encode()}


async def test_a_database_emptied_between_watch_and_exec_stays_empty(
    writer: RedisReadModelWriter, redis: Any, keys: Keys
) -> None:
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    late = OvertakenWriter(redis, keys, ("FLUSHDB",))
    with pytest.raises(CheckpointMoved):
        await late.commit(batch({"bob": "Oslo"}, expected=FIRST, to=SECOND))
    assert await all_keys(redis) == {}


async def test_another_lanes_checkpoint_disturbs_nobody(writer: RedisReadModelWriter, redis: Any, keys: Keys) -> None:
    other = keys.checkpoint(CARDS, TOPIC, 1)
    late = OvertakenWriter(redis, keys, ("SET", other, "9:9"))
    await late.commit(batch({"ada": "Rome"}, to=FIRST))
    assert await writer.checkpoint(CARDS, TOPIC, 0) == FIRST


async def test_of_two_owners_exactly_one_writes(writer: RedisReadModelWriter, redis: Any) -> None:
    async def attempt(name: str) -> str | None:
        try:
            await writer.commit(batch({name: "Rome"}, to=FIRST))
        except CheckpointMoved:
            return None
        return name

    names = [name for name in await asyncio.gather(*map(attempt, "abcdefgh")) if name]
    assert len(names) == 1
    assert list(await writer.documents(CARDS, list("abcdefgh"))) == names


async def test_pages_follow_the_ids_and_end(writer: RedisReadModelWriter, read_models: RedisReadModels) -> None:
    names = [f"user-{number}" for number in range(11)]
    await writer.commit(batch(dict.fromkeys(reversed(names), "Rome"), to=FIRST))
    for index in (city("Rome"), None):
        seen: list[str] = []
        cursor: str | None = None
        sizes: list[int] = []
        while cursor is not None or not sizes:
            page = await read_models.find(CARDS.projection, index, 4, cursor)
            seen, cursor = seen + ids(page.documents), page.cursor
            sizes.append(len(page.documents))
        assert seen == sorted(names)
        assert sizes == [4, 4, 3]


async def test_a_page_that_is_just_full_is_the_last(writer: RedisReadModelWriter, read_models: RedisReadModels) -> None:
    await writer.commit(batch({"ada": "Rome", "bob": "Rome"}, to=FIRST))
    page = await read_models.find(CARDS.projection, city("Rome"), 2, None)
    assert (ids(page.documents), page.cursor) == (["ada", "bob"], None)
    assert await read_models.find(CARDS.projection, city("Rome"), 2, "bob") == ([], None)


async def test_a_cursor_whose_document_is_gone_goes_on_after_it(
    writer: RedisReadModelWriter, read_models: RedisReadModels
) -> None:
    await writer.commit(batch(dict.fromkeys(["a", "b", "c"], "Rome"), to=FIRST))
    await writer.commit(removal({"b": "Rome"}, expected=FIRST, to=SECOND))
    assert ids((await read_models.find(CARDS.projection, city("Rome"), 10, "b")).documents) == ["c"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.dictionaries(st.text("ab:-", min_size=1, max_size=3), st.text("ab é\x7f", max_size=3), max_size=12))
async def test_keys_that_begin_alike_do_not_mix(
    writer: RedisReadModelWriter, read_models: RedisReadModels, redis: Any, cities: dict[str, str]
) -> None:
    await redis.flushdb()
    await writer.commit(batch(cities, to=FIRST))
    for home in {"a", "ab", "b", "", *cities.values()}:
        page = await read_models.find(CARDS.projection, city(home), 100, None)
        assert ids(page.documents) == sorted(name for name in cities if cities[name] == home)
    assert ids((await read_models.find(CARDS.projection, None, 100, None)).documents) == sorted(cities)


async def test_a_removed_document_is_in_no_index(
    writer: RedisReadModelWriter, read_models: RedisReadModels, redis: Any, keys: Keys
) -> None:
    await writer.commit(batch({"ada": "Rome", "bob": "Rome"}, to=FIRST))
    await writer.commit(removal({"ada": "Rome"}, expected=FIRST, to=SECOND))
    assert await read_models.document(CARDS.projection, "ada") is None
    for index in (city("Rome"), None):
        assert ids((await read_models.find(CARDS.projection, index, 10, None)).documents) == ["bob"]
    await writer.commit(removal({"bob": "Rome"}, expected=SECOND, to=Checkpoint(6, 13)))
    assert await writer.is_empty(CARDS)
    assert list(await all_keys(redis)) == [keys.checkpoint(CARDS, TOPIC, 0).encode()]


async def test_a_document_that_moves_changes_its_index(
    writer: RedisReadModelWriter, read_models: RedisReadModels
) -> None:
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    move = batch({"ada": "Oslo"}, expected=FIRST, to=SECOND)
    await writer.commit(move._replace(removed=entries({"ada": "Rome"})[:1]))
    assert ids((await read_models.find(CARDS.projection, city("Rome"), 10, None)).documents) == []
    assert (await read_models.find(CARDS.projection, city("Oslo"), 10, None)).documents == [card("ada", "Oslo")]
    assert ids((await read_models.find(CARDS.projection, None, 10, None)).documents) == ["ada"]


async def test_a_batch_of_nothing_new_still_moves_the_checkpoint(writer: RedisReadModelWriter) -> None:
    await writer.commit(batch({}, to=FIRST))
    assert await writer.checkpoint(CARDS, TOPIC, 0) == FIRST
    assert await writer.is_empty(CARDS)
