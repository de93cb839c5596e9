"""`ProjectionLane` on a store that keeps the checkpoint and loses something else: noticed, and built again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows
from tests.projection.losing_scene import Scene, lost, scene, whole
from tests.projection.models import ModelsInMemory
from tests.projection.test_a_projection_lane import ADA, BOB_CREATED, PLACE, ROWS, everything, read_on
from workers.core.projection import Index
from workers.domain.users.card import card
from workers.lanes.work import Restart
from workers.ports.read_models import Generation
from workers.projection import restoring
from workers.projection.folding import ALL

TURIN = Index("city", "turin")


async def test_an_event_for_a_lost_document_is_applied_to_it_as_it_was() -> None:
    found = await scene(until=3)
    before = lost()
    found.store.lose_document(ADA)
    with pytest.raises(Restart, match="documents were missing"):
        await found.lane.handle(found.log[3:4])
    assert found.store.kept[ADA] == (await everything())[ADA]
    assert lost() == before + 1
    await read_on(found.lane, found.log)
    assert (found.store.kept, found.store.found_by()) == await whole()


LOSSES: dict[str, Callable[[ModelsInMemory], None]] = {
    "a document": lambda store: store.lose_document(ADA),
    "all documents": lambda store: store.lose_kind("document"),
    "an entry": lambda store: store.lose_entries(TURIN),
    "the entry of all": lambda store: store.lose_entries(ALL),
    "every index": lambda store: store.lose_kind("index"),
    "everything but the checkpoint": lambda store: store.lose_kind("document", "index"),
    "a document for something else": lambda store: store.server.set(("document", Generation("users"), ADA), b"spoilt"),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_what_was_lost_is_noticed_while_nothing_happens(loss: str) -> None:
    found = await scene()
    before = lost()
    LOSSES[loss](found.store)
    await found.lane.idle()
    assert (found.store.kept, found.store.found_by()) != await whole(), "it is not the time for a look"
    await found.noticed()
    assert (found.store.kept, found.store.found_by()) == await whole()
    assert lost() > before
    assert found.store.checkpoints[PLACE].sequence == 5
    await found.rests()


async def test_what_was_lost_is_noticed_by_a_lane_that_is_never_idle() -> None:
    found = await scene(until=4)
    found.store.lose_document(ADA)
    found.hands.turn()
    with pytest.raises(Restart):
        await found.lane.handle(found.log[4:])
    assert await read_on(found.lane, found.log) >= 4
    assert (found.store.kept, found.store.found_by()) == await whole()


async def test_after_one_loss_the_whole_lane_is_looked_at_before_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.SEQUENCES_AT_A_TIME", 1)
    found = await scene()
    found.store.lose_document(ADA)
    found.store.lose_document("bob")
    with pytest.raises(Restart):
        await found.look()
    assert "bob" not in found.store.kept, "one stretch was looked at"
    await found.lane.acquire()
    assert (found.store.kept, found.store.found_by()) == await whole()


async def test_a_long_look_at_the_whole_lane_pauses_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.SEQUENCES_AT_A_TIME", 1)
    monkeypatch.setattr(restoring, "MAX_CHECK_SECONDS", -1.0)
    found = await scene()
    found.store.lose_document("bob")
    await found.look()
    with pytest.raises(Restart):
        await found.look()
    pauses = 0
    for _ in range(20):
        try:
            await found.lane.acquire()
        except Restart:
            pauses += 1
        else:
            break
    assert pauses == len(ROWS)
    assert (found.store.kept, found.store.found_by()) == await whole()


async def test_a_deleted_users_card_is_not_missed() -> None:
    found = Scene(event_rows(ADA_CREATED, BOB_CREATED, ADA_WELCOMED, ADA_DELETED, ADA_WELCOMED))
    before = lost()
    await read_on(found.lane, found.log, batch=1)
    await found.rests()
    another = found.another()
    await read_on(another, found.log)
    found.lane = another
    await found.rests()
    assert (lost(), list(found.store.kept)) == (before, ["bob"])


async def test_an_entry_of_a_deleted_user_that_came_back_goes_again() -> None:
    found = Scene(event_rows(ADA_CREATED, BOB_CREATED, ADA_DELETED))
    await read_on(found.lane, found.log)
    found.store.server._add(("index", Generation("users"), "all"), (ALL, ADA))
    await found.look()
    assert found.store.found_by()[ALL] == {"bob"}


async def test_other_code_that_would_have_more_entries_or_documents_misses_none() -> None:
    found = Scene(event_rows(ADA_CREATED, BOB_CREATED, ADA_DELETED))
    await read_on(found.lane, found.log)
    before = (lost(), found.store.kept, found.store.found_by())
    more = replace(
        card,
        evolve=lambda document, recorded: (
            card.evolve(document, recorded) or {"email": "gone@example.org", "city": None}
        ),
        indexes=lambda document: card.indexes(document) | {Index("name", "ada")},
    )
    found.lane = found.another(more)
    await read_on(found.lane, found.log)
    await found.rests()
    assert (lost(), found.store.kept, found.store.found_by()) == before
    found.store.lose_document("bob")
    await found.noticed()
    assert set(found.store.kept) == {"bob"}, "what certainly was there comes back"
