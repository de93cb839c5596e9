"""`ProjectionLane` on a store that keeps the checkpoint and loses something else: noticed, and built again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows
from tests.projection.lossy_scene import Scene, lost, scene_at_rest, whole
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
    scene = await scene_at_rest(until=3)
    before = lost()
    scene.store.lose_document(ADA)
    with pytest.raises(Restart, match="documents were missing"):
        await scene.lane.handle(scene.log[3:4])
    assert scene.store.kept[ADA] == (await everything())[ADA]
    assert lost() == before + 1
    await read_on(scene.lane, scene.log)
    assert (scene.store.kept, scene.store.found_by()) == await whole()


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
    scene = await scene_at_rest()
    before = lost()
    LOSSES[loss](scene.store)
    await scene.lane.idle()
    assert (scene.store.kept, scene.store.found_by()) != await whole(), "it is not the time for a look"
    await scene.noticed()
    assert (scene.store.kept, scene.store.found_by()) == await whole()
    assert lost() > before
    assert scene.store.checkpoints[PLACE].sequence == 5
    await scene.rests()


async def test_what_was_lost_is_noticed_by_a_lane_that_is_never_idle() -> None:
    scene = await scene_at_rest(until=4)
    scene.store.lose_document(ADA)
    scene.hands.turn()
    with pytest.raises(Restart):
        await scene.lane.handle(scene.log[4:])
    assert await read_on(scene.lane, scene.log) >= 4
    assert (scene.store.kept, scene.store.found_by()) == await whole()


async def test_after_one_loss_the_whole_lane_is_looked_at_before_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.SEQUENCES_AT_A_TIME", 1)
    scene = await scene_at_rest()
    scene.store.lose_document(ADA)
    scene.store.lose_document("bob")
    with pytest.raises(Restart):
        await scene.look()
    assert "bob" not in scene.store.kept, "one stretch was looked at"
    await scene.lane.acquire()
    assert (scene.store.kept, scene.store.found_by()) == await whole()


async def test_a_long_look_at_the_whole_lane_pauses_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.SEQUENCES_AT_A_TIME", 1)
    monkeypatch.setattr(restoring, "MAX_CHECK_SECONDS", -1.0)
    scene = await scene_at_rest()
    scene.store.lose_document("bob")
    await scene.look()
    with pytest.raises(Restart):
        await scene.look()
    pauses = 0
    for _ in range(20):
        try:
            await scene.lane.acquire()
        except Restart:
            pauses += 1
        else:
            break
    assert pauses == len(ROWS)
    assert (scene.store.kept, scene.store.found_by()) == await whole()


async def test_a_deleted_users_card_is_not_missed() -> None:
    scene = Scene(event_rows(ADA_CREATED, BOB_CREATED, ADA_WELCOMED, ADA_DELETED, ADA_WELCOMED))
    before = lost()
    await read_on(scene.lane, scene.log, batch=1)
    await scene.rests()
    another = scene.another()
    await read_on(another, scene.log)
    scene.lane = another
    await scene.rests()
    assert (lost(), list(scene.store.kept)) == (before, ["bob"])


async def test_an_entry_of_a_deleted_user_that_came_back_goes_again() -> None:
    scene = Scene(event_rows(ADA_CREATED, BOB_CREATED, ADA_DELETED))
    await read_on(scene.lane, scene.log)
    scene.store.server._add(("index", Generation("users"), "all"), (ALL, ADA))
    await scene.look()
    assert scene.store.found_by()[ALL] == {"bob"}


async def test_other_code_that_would_have_more_entries_or_documents_misses_none() -> None:
    scene = Scene(event_rows(ADA_CREATED, BOB_CREATED, ADA_DELETED))
    await read_on(scene.lane, scene.log)
    before = (lost(), scene.store.kept, scene.store.found_by())
    more = replace(
        card,
        evolve=lambda document, recorded: (
            card.evolve(document, recorded) or {"email": "gone@example.org", "city": None}
        ),
        indexes=lambda document: card.indexes(document) | {Index("name", "ada")},
    )
    scene.lane = scene.another(more)
    await read_on(scene.lane, scene.log)
    await scene.rests()
    assert (lost(), scene.store.kept, scene.store.found_by()) == before
    scene.store.lose_document("bob")
    await scene.noticed()
    assert set(scene.store.kept) == {"bob"}, "what certainly was there comes back"
