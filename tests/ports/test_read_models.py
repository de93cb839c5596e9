"""Queries find the documents of the live generation, page by page in the order of their ids."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ports.stored_models import StoredModels
from tests.redis.cards import CARDS, TOPIC, batch, card, city, ids, removal
from workers.ports.lanes import Unavailable
from workers.ports.read_models import Checkpoint, Generation

NAME = CARDS.projection
FIRST, SECOND = Checkpoint(3, 10), Checkpoint(5, 12)


async def test_a_document_is_found_by_its_id_and_by_its_entries(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Oslo"}, to=FIRST))
    assert await models.read_models.document(NAME, "ada") == card("ada", "Rome")
    assert await models.read_models.document(NAME, "nobody") is None
    assert await models.read_models.reached(NAME, TOPIC, 0) == FIRST.sequence
    assert await models.read_models.reached(NAME, TOPIC, 1) == 0
    assert (await models.read_models.find(NAME, city("Oslo"), 10, None)) == ([card("bob", "Oslo")], None)
    assert (await models.read_models.find(NAME, city("Bonn"), 10, None)) == ([], None)


async def test_pages_follow_the_ids_and_end(models: StoredModels) -> None:
    names = [f"user-{number}" for number in range(11)]
    await models.writer.commit(batch(dict.fromkeys(reversed(names), "Rome"), to=FIRST))
    for index in (city("Rome"), None):
        seen: list[str] = []
        cursor: str | None = None
        sizes: list[int] = []
        while cursor is not None or not sizes:
            page = await models.read_models.find(NAME, index, 4, cursor)
            seen, cursor = seen + ids(page.documents), page.cursor
            sizes.append(len(page.documents))
        assert seen == sorted(names)
        assert sizes == [4, 4, 3]


async def test_a_page_that_is_just_full_is_the_last(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Rome"}, to=FIRST))
    page = await models.read_models.find(NAME, city("Rome"), 2, None)
    assert (ids(page.documents), page.cursor) == (["ada", "bob"], None)
    assert await models.read_models.find(NAME, city("Rome"), 2, "bob") == ([], None)


async def test_a_cursor_whose_document_is_gone_goes_on_after_it(models: StoredModels) -> None:
    await models.writer.commit(batch(dict.fromkeys(["a", "b", "c"], "Rome"), to=FIRST))
    await models.writer.commit(removal({"b": "Rome"}, expected=FIRST, to=SECOND))
    assert ids((await models.read_models.find(NAME, city("Rome"), 10, "b")).documents) == ["c"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.dictionaries(st.text("ab:-é😀", min_size=1, max_size=3), st.text("ab é\x7f", max_size=3), max_size=12))
async def test_keys_that_begin_alike_do_not_mix(models: StoredModels, cities: dict[str, str]) -> None:
    await models.onlooker.empty()
    await models.writer.commit(batch(cities, to=FIRST))
    for home in sorted({"a", "ab", "b", "", *cities.values()}):
        page = await models.read_models.find(NAME, city(home), 100, None)
        assert ids(page.documents) == sorted(name for name in cities if cities[name] == home)
    assert ids((await models.read_models.find(NAME, None, 100, None)).documents) == sorted(cities)


async def test_a_removed_document_is_in_no_index(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Rome"}, to=FIRST))
    await models.writer.commit(removal({"ada": "Rome"}, expected=FIRST, to=SECOND))
    assert await models.read_models.document(NAME, "ada") is None
    for index in (city("Rome"), None):
        assert ids((await models.read_models.find(NAME, index, 10, None)).documents) == ["bob"]


async def test_a_switch_is_seen_by_the_next_query(models: StoredModels) -> None:
    other = Generation(NAME, 2)
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    await models.writer.commit(batch({"ada": "Oslo"}, to=SECOND)._replace(generation=other, only_if_live=False))
    for number, home, reached in ((1, "Rome", 3), (2, "Oslo", 5), (1, "Rome", 3)):
        await models.onlooker.switch(NAME, number)
        assert await models.read_models.document(NAME, "ada") == card("ada", home)
        assert (await models.read_models.find(NAME, city(home), 10, None)).documents == [card("ada", home)]
        assert await models.read_models.reached(NAME, TOPIC, 0) == reached


@pytest.mark.usefixtures("hasty")
async def test_a_store_that_does_not_answer_is_unavailable(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome"}, to=FIRST))
    models.line.loses = "requests"
    with pytest.raises(Unavailable):
        await models.read_models.document(NAME, "ada")
    with pytest.raises(Unavailable):
        await models.read_models.find(NAME, None, 10, None)
    with pytest.raises(Unavailable):
        await models.read_models.reached(NAME, TOPIC, 0)
    models.line.loses = "nothing"
    assert await models.read_models.document(NAME, "ada") == card("ada", "Rome")


@pytest.mark.parametrize("lost", [None, b"spoilt", b"[]", b"\xff"])
async def test_a_document_that_the_store_has_lost_is_not_said_not_to_exist(
    models: StoredModels, lost: bytes | None
) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Oslo"}))
    await models.onlooker.spoil(CARDS, "ada", lost)
    with pytest.raises(Unavailable, match="lost"):
        await models.read_models.document(NAME, "ada")
    with pytest.raises(Unavailable, match="lost"):
        await models.read_models.documents(NAME, ["ada", "bob"])
    assert await models.read_models.document(NAME, "nobody") is None
    assert await models.read_models.document(NAME, "bob") == card("bob", "Oslo")
    assert list(await models.read_models.documents(NAME, ["nobody", "bob"])) == ["bob"]


@pytest.mark.parametrize("lost", [None, b"spoilt"])
async def test_a_page_does_not_leave_out_a_document_that_the_store_has_lost(
    models: StoredModels, lost: bytes | None
) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Oslo", "eve": "Rome"}))
    await models.onlooker.spoil(CARDS, "ada", lost)
    for index in (None, city("Rome")):
        with pytest.raises(Unavailable, match="lost"):
            await models.read_models.find(NAME, index, 10, None)
    assert ids((await models.read_models.find(NAME, city("Oslo"), 10, None)).documents) == ["bob"]
    assert ids((await models.read_models.find(NAME, None, 10, "ada")).documents) == ["bob", "eve"]
