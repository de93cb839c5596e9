"""Entries with an order are read from either end, page by page, and counted; what comes or goes disturbs no others."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ports.stored_models import StoredModels
from tests.redis.cards import CARDS, Purchase, batch, buyer, card, ids, purchases
from workers.core.projection import Index
from workers.ports.lanes import Unavailable
from workers.ports.read_models import START, Checkpoint, Generation, Tally

NAME = CARDS.projection
FIRST, SECOND = Checkpoint(3, 10), Checkpoint(5, 12)
MORNING, NOON, EVENING = "2026-05-04T08:00:00.000000Z", "2026-05-04T12:00:00.000000Z", "2026-05-04T20:00:00.000000Z"
NOTHING = Tally(0, None)


async def pages(models: StoredModels, index: Index, limit: int, *, newest_first: bool) -> list[list[str]]:
    all_pages: list[list[str]] = []
    cursor: str | None = None
    while cursor is not None or not all_pages:
        page = await models.read_models.find(NAME, index, limit, cursor, newest_first)
        all_pages.append(ids(page.documents))
        cursor = page.cursor
    return all_pages


async def test_entries_are_found_by_their_order_and_then_by_id_from_either_end(models: StoredModels) -> None:
    bought = [Purchase("d", "ada", MORNING), Purchase("a", "ada", NOON), Purchase("c", "ada", EVENING)]
    others = [Purchase("b", "ada", NOON), Purchase("e", "adah", MORNING), Purchase("f", "ad", EVENING)]
    await models.writer.commit(purchases(bought + others, to=FIRST))
    assert await pages(models, buyer("ada"), 3, newest_first=False) == [["d", "a", "b"], ["c"]]
    assert await pages(models, buyer("ada"), 3, newest_first=True) == [["c", "b", "a"], ["d"]]
    assert await pages(models, buyer("nobody"), 3, newest_first=True) == [[]]


async def test_entries_without_an_order_are_found_by_id_from_either_end(models: StoredModels) -> None:
    await models.writer.commit(batch(dict.fromkeys("bca", "Rome"), to=FIRST))
    for index in (Index("city", "Rome"), Index("all", "")):
        assert await pages(models, index, 2, newest_first=False) == [["a", "b"], ["c"]]
        assert await pages(models, index, 2, newest_first=True) == [["c", "b"], ["a"]]


async def test_the_order_of_an_index_that_is_asked_for_is_of_no_importance(models: StoredModels) -> None:
    await models.writer.commit(purchases([Purchase("a", "ada", NOON)], to=FIRST))
    assert await pages(models, buyer("ada", EVENING), 2, newest_first=True) == [["a"]]
    assert await models.read_models.tally(NAME, [buyer("ada", EVENING)]) == [Tally(1, NOON)]


TIMES = st.sampled_from(["1", "2", "20", "3"])
NAMES = st.text("ab-", min_size=1, max_size=2)
WORLDS = st.dictionaries(NAMES, TIMES, max_size=10)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(WORLDS, WORLDS, st.integers(1, 3), st.booleans())
async def test_what_stays_is_seen_once_and_in_order_whatever_comes_and_goes_between_pages(
    models: StoredModels, before: dict[str, str], after: dict[str, str], limit: int, newest_first: bool
) -> None:
    await models.onlooker.empty()
    first, second = ([Purchase(name, "ada", time) for name, time in world.items()] for world in (before, after))
    await models.writer.commit(purchases(first, to=FIRST))
    seen: list[str] = []
    cursor: str | None = None
    for turn in count():
        page = await models.read_models.find(NAME, buyer("ada"), limit, cursor, newest_first)
        seen += ids(page.documents)
        cursor = page.cursor
        if cursor is None:
            break
        if turn == 0:
            gone = [purchase for purchase in first if purchase not in second]
            new = [purchase for purchase in second if purchase not in first]
            await models.writer.commit(purchases(new, gone, expected=FIRST, to=SECOND))
    stays = [name for name in before if before[name] == after.get(name)]
    in_order = sorted(stays, key=lambda name: (before[name], name), reverse=newest_first)
    assert [name for name in seen if name in stays] == in_order


async def test_a_tally_counts_each_entry_once_and_knows_the_last(models: StoredModels) -> None:
    bought = [Purchase("a", "ada", NOON), Purchase("b", "ada", MORNING), Purchase("c", "bob", EVENING)]
    await models.writer.commit(purchases(bought, to=FIRST))
    asked = [buyer("ada"), buyer("nobody"), buyer("bob"), buyer("ad")]
    assert await models.read_models.tally(NAME, asked) == [Tally(2, NOON), NOTHING, Tally(1, EVENING), NOTHING]
    assert await models.read_models.tally(NAME, []) == []
    again = purchases(bought[:2], bought[2:], expected=FIRST, to=SECOND)
    await models.writer.commit(again)
    assert await models.read_models.tally(NAME, asked[:3]) == [Tally(2, NOON), NOTHING, NOTHING]


async def test_a_tally_may_end_at_an_order(models: StoredModels) -> None:
    bought = [Purchase("a", "ada", MORNING), Purchase("b", "ada", NOON), Purchase("c", "ada", EVENING)]
    await models.writer.commit(purchases(bought, to=FIRST))

    async def tally(until: str) -> Tally:
        (count,) = await models.read_models.tally(NAME, [buyer("ada")], until)
        return count

    assert await tally("2026-05-04T07") == NOTHING
    assert await tally(MORNING) == Tally(1, MORNING)
    assert await tally("2026-05-04T19:59:59.999999Z") == Tally(2, NOON)
    assert await tally(EVENING) == Tally(3, EVENING)


async def test_entries_without_an_order_have_no_last_one(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Rome"}, to=FIRST))
    assert await models.read_models.tally(NAME, [Index("city", "Rome")]) == [Tally(2, "")]


async def test_several_documents_are_found_at_once(models: StoredModels) -> None:
    await models.writer.commit(batch({"ada": "Rome", "bob": "Oslo"}, to=FIRST))
    documents = await models.read_models.documents(NAME, ["bob", "nobody", "ada"])
    assert documents == {"ada": card("ada", "Rome"), "bob": card("bob", "Oslo")}
    assert await models.read_models.documents(NAME, []) == {}


async def test_a_switch_is_seen_by_the_next_tally(models: StoredModels) -> None:
    other = Generation(NAME, 2)
    await models.writer.commit(purchases([Purchase("a", "ada", NOON)], to=FIRST))
    await models.writer.commit(purchases([Purchase("a", "ada", MORNING)], to=FIRST, generation=other))
    for number, time in ((1, NOON), (2, MORNING), (1, NOON)):
        await models.onlooker.switch(NAME, number)
        assert await models.read_models.tally(NAME, [buyer("ada"), buyer("ada")]) == [Tally(1, time)] * 2
        assert list(await models.read_models.documents(NAME, ["a"])) == ["a"]


@pytest.mark.usefixtures("hasty")
async def test_a_store_that_does_not_answer_is_unavailable(models: StoredModels) -> None:
    assert await models.writer.checkpoint(CARDS, "users.events", 0) == START
    models.line.loses = "requests"
    with pytest.raises(Unavailable):
        await models.read_models.documents(NAME, ["ada"])
    with pytest.raises(Unavailable):
        await models.read_models.tally(NAME, [buyer("ada")])
