"""`ProjectionLane` on a store that keeps the checkpoint and loses something else: noticed, and built again."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.catalogue import catalogue
from contracts.topics import Topics
from contracts.users.events import UserUpdated
from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import RowsInMemory, event_rows, inbound_all
from tests.projection.models import ModelsInMemory
from tests.projection.test_a_bug_in_a_projection import cannot_take
from tests.projection.test_a_projection_lane import ADA, BOB_CREATED, LOG, MADE_BY, PLACE, ROWS, everything, read_on
from workers import telemetry
from workers.core.projection import Index, Projection
from workers.domain.users.card import card
from workers.lanes.work import Restart
from workers.ports.event_store import EventRow
from workers.ports.parked import Wish
from workers.ports.read_models import Checkpoint, EvictionAllowed, Generation
from workers.projection import restoring
from workers.projection.folding import ALL
from workers.projection.integrity import LOOK_INTERVAL_SECONDS
from workers.projection.lane import ProjectionLane

TURIN = Index("city", "turin")


class Hands:
    """Of a clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def turn(self) -> None:
        """To the next look."""
        self.now += LOOK_INTERVAL_SECONDS


class Scene:
    """A lane that has read its log, and a whole copy of what it keeps."""

    def __init__(self, rows: list[EventRow] | None = None, projection: Projection = card) -> None:
        self.rows = ROWS if rows is None else rows
        self.log = inbound_all(self.rows)
        self.store, self.hands, self.table = ModelsInMemory(), Hands(), RowsInMemory(self.rows)
        self.lane = self.another(projection)

    def another(self, projection: Projection = card) -> ProjectionLane:
        events = catalogue().events
        return ProjectionLane(projection, Topics(), 0, events, self.table, self.store, clock=self.hands)

    async def look(self) -> None:
        self.hands.turn()
        await self.lane.idle()

    async def noticed(self) -> None:
        """The next look finds something, and the lane is taken anew."""
        with pytest.raises(Restart):
            await self.look()
        await self.lane.take()

    async def rests(self) -> None:
        """Nothing is found in all of the lane."""
        for _ in range(3):
            await self.look()


def lost() -> float:
    return float(telemetry.DOCUMENTS_LOST.labels("users")._value.get())


async def scene(until: int | None = None) -> Scene:
    found = Scene()
    await read_on(found.lane, found.log[:until])
    await found.lane.idle()
    return found


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


async def whole() -> tuple[object, object]:
    store = Scene().store
    await read_on(ProjectionLane(card, Topics(), 0, catalogue().events, RowsInMemory(ROWS), store), LOG)
    return store.kept, store.found_by()


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
    await found.lane.take()
    assert (found.store.kept, found.store.found_by()) == await whole()


async def test_a_long_look_at_the_whole_lane_pauses_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.SEQUENCES_AT_A_TIME", 1)
    monkeypatch.setattr(restoring, "MAX_LOOK_SECONDS", -1.0)
    found = await scene()
    found.store.lose_document("bob")
    await found.look()
    with pytest.raises(Restart):
        await found.look()
    pauses = 0
    for _ in range(20):
        try:
            await found.lane.take()
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


async def test_keys_that_the_server_has_evicted_are_looked_for_at_once() -> None:
    found = await scene()
    found.store.lose_document("bob", evicted=True)
    await found.noticed()
    assert (found.store.kept, found.store.found_by()) == await whole()
    await found.rests()


async def test_evictions_before_the_lane_was_taken_are_looked_for_when_it_is() -> None:
    found = await scene()
    found.store.lose_document("bob", evicted=True)
    await found.another().take()
    assert (found.store.kept, found.store.found_by()) == await whole()


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-lrm"])
async def test_a_server_that_may_evict_is_not_worked_on_until_it_may_not(policy: str) -> None:
    found = await scene(until=4)
    found.store.server.policy = policy
    with pytest.raises(EvictionAllowed, match=f"{policy}.*CONFIG SET maxmemory-policy noeviction"):
        await found.look()
    with pytest.raises(EvictionAllowed):
        await found.lane.take()
    found.store.lose_document("bob")
    found.store.server.policy = "noeviction"
    await read_on(found.lane, found.log)
    assert (found.store.kept, found.store.found_by()) == await whole(), "what went meanwhile is there again"


async def test_a_lane_without_any_event_goes_on_as_well() -> None:
    found = Scene([])
    found.store.server.policy = "allkeys-lru"
    with pytest.raises(EvictionAllowed):
        await found.lane.take()
    found.store.server.policy = "noeviction"
    await found.lane.take()
    await found.rests()


async def test_a_server_that_evicts_keys_with_an_end_only_is_worked_on() -> None:
    found = await scene()
    found.store.server.policy = "volatile-lru"
    found.store.server.evicted = 1000
    await found.rests()
    await found.another().take()


async def test_a_store_set_back_as_a_whole_is_brought_up_to_date() -> None:
    """A restore, or a replica that lacks the last writes: all of it is as of one moment."""
    found = await scene(until=2)
    before = copy.deepcopy((found.store.server.values, found.store.server.indexes))
    await read_on(found.lane, found.log)
    found.store.server.values, found.store.server.indexes = before
    with pytest.raises(Restart):
        await found.lane.idle()
    assert await read_on(found.lane, found.log) == 2
    assert (found.store.kept, found.store.found_by()) == await whole()


async def test_a_lost_checkpoint_beside_documents_that_lack_entries_leaves_a_whole_read_model() -> None:
    found = await scene()
    found.store.forget_checkpoints()
    found.store.lose_entries(ALL)
    found.store.server._add(("index", Generation("users"), "all"), (ALL, "somebody"))
    found.lane = found.another()
    await read_on(found.lane, found.log)
    assert found.store.kept == await everything()
    assert found.store.found_by()[ALL] >= {ADA, "bob"}


async def test_streams_that_wait_wait_on_when_the_store_forgets_them() -> None:
    found = Scene(projection=cannot_take({3}))
    await read_on(found.lane, found.log[:4])
    found.store.lose_kind("parked")
    await found.noticed()
    assert list(found.store.waiting) == [ADA]
    assert found.store.kept[ADA]["version"] == 1, "nothing was applied behind the gap"


async def test_a_lost_document_of_a_stream_that_waits_is_restored_as_far_as_it_had_come() -> None:
    found = Scene(projection=cannot_take({4}))
    await read_on(found.lane, found.log)
    found.store.lose_document(ADA)
    await found.noticed()
    assert (found.store.kept[ADA]["version"], found.store.kept[ADA]["city"]) == (2, "London")
    found.store.lose_document(ADA)
    mended = found.another()
    await mended.take()
    found.store.wish(*PLACE, Wish("users", ADA, "retry"))
    with pytest.raises(Restart, match="documents were missing"):
        await mended.idle()
    assert found.store.kept == await everything()


async def test_another_owner_of_before_cannot_write_behind_a_repair() -> None:
    found = await scene(until=4)
    sleeper = found.another()
    await sleeper.take()
    found.store.lose_document(ADA)
    await found.noticed()
    with pytest.raises(Restart):
        await sleeper.handle(found.log[4:])


async def test_the_live_generation_is_told_again_when_the_store_forgets_it() -> None:
    found = Scene()
    found.store.server.set(("live", "users"), 2)
    await read_on(found.lane, found.log)
    found.store.lose_kind("live")
    await found.lane.idle()
    assert await found.store.live("users") == Generation("users", 2)
    found.store.server.set(("live", "users"), 1)
    with pytest.raises(Restart):
        await found.lane.idle()
    assert await found.store.live("users") == Generation("users", 1), "an operator's word stands"


async def test_an_emptied_store_is_not_told_a_generation() -> None:
    found = Scene()
    found.store.server.set(("live", "users"), 2)
    await read_on(found.lane, found.log)
    found.store.empty()
    with pytest.raises(Restart):
        await found.lane.idle()
    await read_on(found.lane, found.log)
    assert set(found.store.checkpoints) == {PLACE}


async def test_a_stream_longer_than_a_page_is_folded_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.rebuilding.EVENTS_AT_A_TIME", 2)
    moves = [UserUpdated(user_id=ADA, city=f"City {number}") for number in range(7)]
    found = Scene(event_rows(ADA_CREATED, *moves, ADA_MOVED_TO_TURIN))
    await read_on(found.lane, found.log[:7])
    found.store.lose_document(ADA)
    await found.noticed()
    assert (found.store.kept[ADA]["version"], found.store.kept[ADA]["city"]) == (7, "City 5")


async def test_a_rebuild_over_what_is_left_goes_on_as_one_after_a_kill() -> None:
    """Else the entries of a document that is built again within one batch would stay beside its new ones."""
    moves = [UserUpdated(user_id="bob", city="Bonn"), UserUpdated(user_id="bob", city="Rome")]
    found = Scene(event_rows(ADA_CREATED, ADA_WELCOMED, BOB_CREATED, *moves))
    await read_on(found.lane, found.log[:4])
    found.store.forget_checkpoints()
    await found.another().take()
    killed = found.another()
    await killed.take()
    await killed.handle(found.log[:2])
    found.lane = found.another()
    assert await read_on(found.lane, found.log, batch=10) == 2
    cities = {index.key for index, ids in found.store.found_by().items() if index.name == "city" and "bob" in ids}
    assert cities == {"rome"}
    await found.rests()
    assert found.store.checkpoints[PLACE] == Checkpoint(5, 5, MADE_BY)
    assert telemetry.OUTDATED.labels("users", "0")._value.get() == 0
