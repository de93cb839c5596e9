"""Generations of read models: which exist, how far they are, which one is live, and how another one becomes live."""

from collections.abc import Sequence

import pytest

from infra.memory.generations import MemoryGenerations
from infra.memory.read_models import MemoryReadModelWriter
from infra.redis.generations import RedisGenerations
from tests.ports.stored_models import StoredModels
from tests.redis.cards import CARDS, TOPIC, batch, card
from workers.ports.generations import Generations, GenerationStatus, SwitchConflict
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStream
from workers.ports.read_models import START, Checkpoint, Generation

NAME = CARDS.projection
FIRST, SECOND, THIRD = (Generation(NAME, number) for number in (1, 2, 3))
LANES = [(TOPIC, 0), (TOPIC, 1)]


@pytest.fixture
def generations(models: StoredModels) -> Generations:
    writer = models.writer
    if isinstance(writer, MemoryReadModelWriter):
        return MemoryGenerations(writer._server, writer._wire)
    return RedisGenerations(writer._redis, writer._keys)


async def built(models: StoredModels, generation: Generation, *ids: str) -> Checkpoint:
    written = batch(dict.fromkeys(ids, "Rome"))._replace(generation=generation, only_if_live=False)
    await models.writer.commit(written)
    return written.checkpoint


async def ids(generations: Generations, after: str, limit: int) -> Sequence[str]:
    return list(await generations.ids_after(FIRST, after, limit))


async def test_an_empty_store_has_the_first_generation_only(generations: Generations) -> None:
    assert await generations.live(NAME) == FIRST
    assert await generations.previous(NAME) is None
    assert list(await generations.existing(NAME)) == [FIRST]
    assert await generations.status(FIRST, LANES) == GenerationStatus(FIRST, 0, dict.fromkeys(LANES, START))
    assert await generations.status(FIRST, []) == GenerationStatus(FIRST, 0, {})


async def test_those_that_were_begun_exist(generations: Generations) -> None:
    for generation in (THIRD, SECOND, THIRD):
        await generations.begin(generation)
    assert list(await generations.existing(NAME)) == [FIRST, SECOND, THIRD]
    assert list(await generations.existing("others")) == [Generation("others")]


async def test_a_status_has_documents_and_checkpoints(generations: Generations, models: StoredModels) -> None:
    checkpoint = await built(models, SECOND, "ada", "bob")
    assert await generations.status(SECOND, LANES) == GenerationStatus(
        SECOND, 2, {(TOPIC, 0): checkpoint, (TOPIC, 1): START}
    )
    assert (await generations.status(FIRST, LANES)).documents == 0


async def test_parked_streams_are_counted(generations: Generations, models: StoredModels) -> None:
    parked = [
        ParkedStream(NAME, name, 1, 1, "users.UserCreated.v1", "KeyError", 3, "2026-01-01T00:00:00Z")
        for name in ("ada", "bob")
    ]
    await models.writer.commit(batch({})._replace(parked=parked))
    assert await generations.parked(FIRST, LANES) == 2
    assert await generations.parked(FIRST, LANES[1:]) == 0
    assert await generations.parked(SECOND, LANES) == 0


async def test_document_ids_come_in_order_and_in_pages(generations: Generations, models: StoredModels) -> None:
    await built(models, FIRST, "d", "a", "c", "b")
    await built(models, SECOND, "x")
    assert await ids(generations, "", 3) == ["a", "b", "c"]
    assert await ids(generations, "c", 3) == ["d"]
    assert await ids(generations, "bb", 3) == ["c", "d"]
    assert await ids(generations, "d", 3) == []


async def test_a_switch_makes_another_one_live(generations: Generations, models: StoredModels) -> None:
    await built(models, FIRST, "ada")
    await built(models, SECOND, "bob")
    await generations.switch(FIRST, SECOND)
    assert (await generations.live(NAME), await generations.previous(NAME)) == (SECOND, FIRST)
    assert list(await generations.existing(NAME)) == [FIRST, SECOND]
    assert await models.read_models.document(NAME, "bob") == card("bob", "Rome")
    assert await models.read_models.document(NAME, "ada") is None
    await generations.switch(SECOND, FIRST)
    assert (await generations.live(NAME), await generations.previous(NAME)) == (FIRST, SECOND)


async def test_a_switch_from_one_that_is_not_live_is_a_conflict(generations: Generations) -> None:
    await generations.switch(FIRST, SECOND)
    with pytest.raises(SwitchConflict, match="look again"):
        await generations.switch(FIRST, THIRD)
    assert (await generations.live(NAME), await generations.previous(NAME)) == (SECOND, FIRST)


async def test_a_dropped_one_leaves_nothing(generations: Generations, models: StoredModels) -> None:
    await built(models, FIRST, "ada")
    await generations.begin(SECOND)
    before = await models.onlooker.contents()
    await generations.begin(THIRD)
    await built(models, THIRD, "ada", "bob")
    await generations.drop(THIRD)
    assert await models.onlooker.contents() == before
    await generations.drop(THIRD)
    assert list(await generations.existing(NAME)) == [FIRST, SECOND]


@pytest.mark.usefixtures("hasty")
async def test_a_store_that_is_away_is_unavailable(generations: Generations, models: StoredModels) -> None:
    models.line.loses = "requests"
    for operation in (
        generations.live(NAME),
        generations.existing(NAME),
        generations.status(FIRST, LANES),
        generations.switch(FIRST, SECOND),
        generations.drop(SECOND),
    ):
        with pytest.raises(Unavailable):
            await operation
    models.line.loses = "nothing"
    assert await generations.live(NAME) == FIRST
