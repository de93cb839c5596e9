"""Documents, indexes and the checkpoint change together, by the one who knows the checkpoint, or not at all."""

import asyncio

import pytest

from tests.ports.lines import Loss
from tests.ports.stored_models import StoredModels
from tests.redis.cards import CARDS, TOPIC, batch, card, city, entries, removal
from workers.core.projection import Index
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, Generation, IndexChange
from workers.projection.folding import ALL

FIRST, SECOND = Checkpoint(3, 10, "0123456789ab"), Checkpoint(5, 12, "0123456789ab")
OTHER_CODE = FIRST._replace(built_by="ba9876543210")


def waiting(stream_id: str, attempts: int = 3) -> ParkedStream:
    error = "KeyError in evolve, user_card.py:40"
    return ParkedStream(
        "cards", stream_id, 2, 3, "users.UserRenamed.v1", error, attempts, "2026-05-04T12:30:15.000000Z"
    )


async def test_a_batch_writes_documents_indexes_and_checkpoint(models: StoredModels) -> None:
    writer = models.writer
    assert await writer.live(CARDS.projection) == CARDS
    assert await writer.checkpoint(CARDS, TOPIC, 0) == START
    assert await writer.is_empty(CARDS)
    await writer.commit(batch({"ada": "Rome", "bob": "Oslo"}, to=FIRST))
    assert await writer.checkpoint(CARDS, TOPIC, 0) == FIRST
    assert not await writer.is_empty(CARDS)
    assert await writer.documents(CARDS, ["bob", "nobody", "ada"]) == {
        "ada": card("ada", "Rome"),
        "bob": card("bob", "Oslo"),
    }


async def test_lanes_generations_and_projections_are_apart(models: StoredModels) -> None:
    writer, second = models.writer, Generation(CARDS.projection, 2)
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    await writer.commit(batch({"bob": "Rome"}, partition=1, to=SECOND))
    assert [await writer.checkpoint(CARDS, TOPIC, number) for number in (0, 1, 2)] == [FIRST, SECOND, START]
    assert await writer.stored_checkpoints(CARDS, TOPIC, [2, 0, 1]) == [START, FIRST, SECOND]
    assert await writer.stored_checkpoints(CARDS, TOPIC, []) == []
    for other in (Generation("other"), second):
        assert await writer.checkpoint(other, TOPIC, 0) == START
        assert await writer.is_empty(other)
        assert await writer.documents(other, ["ada"]) == {}


@pytest.mark.parametrize("expected", [START, SECOND, OTHER_CODE, Checkpoint(3, 11), Checkpoint(2, 10)], ids=str)
async def test_another_checkpoint_than_expected_writes_nothing(models: StoredModels, expected: Checkpoint) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    before = await models.onlooker.contents()
    with pytest.raises(CheckpointMoved):
        await models.writer.commit(batch({"ada": "Oslo", "bob": "Oslo"}, expected=expected, to=SECOND))
    assert await models.onlooker.contents() == before


async def test_a_repeated_batch_writes_nothing(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    before = await models.onlooker.contents()
    with pytest.raises(CheckpointMoved):
        await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    assert await models.onlooker.contents() == before


@pytest.mark.parametrize("moved_to", [SECOND, FIRST], ids=["forward", "to the same value"])
async def test_a_checkpoint_moved_half_way_writes_nothing(models: StoredModels, moved_to: Checkpoint) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    late = models.overtaken(lambda: models.onlooker.move(CARDS, TOPIC, 0, moved_to))
    with pytest.raises(CheckpointMoved):
        await late.commit(batch({"ada": "Oslo", "bob": "Oslo"}, expected=FIRST, to=Checkpoint(9, 9)))
    assert await models.writer.checkpoint(CARDS, TOPIC, 0) == moved_to
    assert await models.writer.documents(CARDS, ["ada", "bob"]) == {"ada": card("ada", "Rome")}


async def test_a_store_emptied_half_way_stays_empty(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    late = models.overtaken(models.onlooker.empty)
    with pytest.raises(CheckpointMoved):
        await late.commit(batch({"bob": "Oslo"}, expected=FIRST, to=SECOND))
    assert await models.writer.is_empty(CARDS)
    assert await models.writer.checkpoint(CARDS, TOPIC, 0) == START
    await models.writer.commit(batch({"bob": "Oslo"}, to=FIRST))


async def test_another_lanes_checkpoint_disturbs_no_other(models: StoredModels) -> None:
    late = models.overtaken(lambda: models.onlooker.move(CARDS, TOPIC, 1, Checkpoint(9, 9)))
    await late.commit(batch({"ada": "Rome"}, to=FIRST))
    assert await models.writer.checkpoint(CARDS, TOPIC, 0) == FIRST


async def test_of_two_owners_exactly_one_writes(models: StoredModels) -> None:
    async def attempt(name: str) -> str | None:
        try:
            await models.writer.commit(batch({name: "Rome"}, to=FIRST))
        except CheckpointMoved:
            return None
        return name

    names = [name for name in await asyncio.gather(*map(attempt, "abcdefgh")) if name]
    assert len(names) == 1
    assert list(await models.writer.documents(CARDS, list("abcdefgh"))) == names


async def test_a_generation_is_written_to_while_it_is_live(models: StoredModels) -> None:
    await models.onlooker.switch(CARDS.projection, 2)
    live = await models.writer.live(CARDS.projection)
    assert live == Generation(CARDS.projection, 2)
    before = await models.onlooker.contents()
    with pytest.raises(CheckpointMoved):
        await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    assert await models.onlooker.contents() == before
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST)._replace(generation=live))
    late = models.overtaken(lambda: models.onlooker.switch(CARDS.projection, 1))
    with pytest.raises(CheckpointMoved):
        await late.commit(batch({"bob": "Rome"}, expected=FIRST, to=SECOND)._replace(generation=live))
    assert await models.writer.documents(live, ["ada", "bob"]) == {"ada": card("ada", "Rome")}


async def test_a_generation_is_built_whether_or_not_it_is_live(models: StoredModels) -> None:
    building = Generation(CARDS.projection, 2)
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST)._replace(generation=building, only_if_live=False))
    assert await models.writer.live(CARDS.projection) == CARDS
    assert await models.writer.checkpoint(building, TOPIC, 0) == FIRST
    assert await models.writer.is_empty(CARDS)


async def test_what_is_gone_leaves_nothing_behind(models: StoredModels) -> None:
    await models.writer.commit(batch({}, to=FIRST))
    assert await models.writer.is_empty(CARDS)
    await models.writer.commit(batch({"ada": "Rome"}, expected=FIRST, to=SECOND))
    await models.writer.commit(removal({"ada": "Rome"}, expected=SECOND, to=FIRST))
    assert await models.writer.is_empty(CARDS)
    assert await models.writer.documents(CARDS, ["ada"]) == {}
    assert await models.writer.checkpoint(CARDS, TOPIC, 0) == FIRST


async def test_streams_wait_in_their_lane_until_they_are_taken_from_the_waiting(models: StoredModels) -> None:
    writer = models.writer
    await writer.commit(batch({}, to=FIRST)._replace(parked=[waiting("bob"), waiting("ada")]))
    await writer.commit(batch({}, partition=1, to=FIRST)._replace(parked=[waiting("eve")]))
    assert list(await writer.parked(CARDS, TOPIC, 0)) == [waiting("ada"), waiting("bob")]
    again = waiting("ada", attempts=6)
    late = batch({}, expected=FIRST, to=SECOND)._replace(parked=[again], unparked=["bob", "nobody"])
    await writer.commit(late)
    assert list(await writer.parked(CARDS, TOPIC, 0)) == [again]
    assert list(await writer.parked(CARDS, TOPIC, 1)) == [waiting("eve")]
    assert list(await writer.parked(Generation(CARDS.projection, 2), TOPIC, 0)) == []


async def test_a_request_ends_when_its_stream_is_parked_or_unparked_again(models: StoredModels) -> None:
    writer = models.writer
    await writer.commit(
        batch({}, to=FIRST)._replace(parked=[waiting(stream_id) for stream_id in ("ada", "bob", "eve")])
    )
    assert list(await writer.parked_requests(CARDS, TOPIC, 0)) == []
    requested = [
        ParkedStreamRequest("cards", "ada", "retry"),
        ParkedStreamRequest("cards", "bob", "skip"),
        ParkedStreamRequest("cards", "eve", "retry"),
    ]
    for request in reversed(requested):
        await models.onlooker.request(CARDS, TOPIC, 0, request)
    assert list(await writer.parked_requests(CARDS, TOPIC, 0)) == requested
    await writer.commit(batch({}, expected=FIRST, to=SECOND)._replace(parked=[waiting("ada", 6)], unparked=["bob"]))
    assert list(await writer.parked_requests(CARDS, TOPIC, 0)) == requested[2:]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("loss", ["requests", "answers"])
async def test_after_a_lost_connection_the_checkpoint_tells_whether_the_batch_was_written(
    models: StoredModels, loss: Loss
) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))

    async def lose() -> None:
        models.line.loses = loss

    late = models.overtaken(lose)
    with pytest.raises(Unavailable) as caught:
        await late.commit(batch({"ada": "Oslo"}, expected=FIRST, to=SECOND))
    assert caught.value.server == "Redis"
    models.line.loses = "nothing"
    written = loss == "answers"
    assert await models.writer.checkpoint(CARDS, TOPIC, 0) == (SECOND if written else FIRST)
    expected = card("ada", "Oslo" if written else "Rome")
    assert await models.writer.documents(CARDS, ["ada"]) == {"ada": expected}


async def test_entries_of_a_document_that_moves_change(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    move = batch({"ada": "Oslo"}, expected=FIRST, to=SECOND)
    await models.writer.commit(move._replace(removed=entries({"ada": "Rome"})[:1]))
    pages = {home: (await models.read_models.find(CARDS.projection, city(home), 10, None)) for home in ("Rome", "Oslo")}
    assert {home: list(page.documents) for home, page in pages.items()} == {"Rome": [], "Oslo": [card("ada", "Oslo")]}


async def test_the_index_entries_that_are_there_are_distinguished_from_those_that_are_not(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Oslo"}, to=FIRST))
    present = set(entries({"ada": "Rome", "bob": "Oslo"}))
    others = {IndexChange(city("Oslo"), "ada"), IndexChange(city("Rom"), "ada"), IndexChange(ALL, "a")}
    elsewhere = IndexChange(Index("nowhere", "Rome"), "ada")
    assert await models.writer.present(CARDS, [*present, *others, elsewhere]) == present
    assert await models.writer.present(CARDS, []) == set()
    assert await models.writer.present(Generation(CARDS.projection, 2), present) == set()
    ordered = IndexChange(Index("city", "Rome", "2026"), "ada")
    await models.writer.commit(batch({}, expected=FIRST, to=SECOND)._replace(added=[ordered]))
    assert await models.writer.present(CARDS, [ordered, *present]) == {ordered, *present}


async def test_what_is_no_document_counts_as_none(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Rome", "eve": "Rome"}, to=FIRST))
    await models.onlooker.spoil(CARDS, "ada", b"{spoilt")
    await models.onlooker.spoil(CARDS, "bob", b"[1]")
    assert list(await models.writer.documents(CARDS, ["ada", "bob", "eve"])) == ["eve"]


async def test_a_server_that_keeps_everything_says_so(models: StoredModels) -> None:
    signs = await models.writer.signs()
    assert signs is not None
    assert signs.run_id
    assert await models.writer.signs() == signs


async def test_which_generation_is_live_is_read_by_a_store_that_does_not_know(models: StoredModels) -> None:
    second, third = Generation(CARDS.projection, 2), Generation(CARDS.projection, 3)
    assert await models.writer.remember_live(second)
    assert await models.writer.live(CARDS.projection) == second
    assert not await models.writer.remember_live(third)
    assert await models.writer.live(CARDS.projection) == second
