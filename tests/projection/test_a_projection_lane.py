"""`ProjectionLane`: each event once in effect, whatever becomes of the store, its answers and the other owners."""

import pytest

from contracts.catalogue import stored_events
from contracts.topics import Topics
from contracts.users.events import UserDeleted, UserUpdated
from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import TOPIC, RowsInMemory, event_rows, inbound, inbound_all
from tests.projection.models import ModelsInMemory
from workers.core.projection import Document, Index, Projection
from workers.domain.users.card import card
from workers.lanes.work import Restart
from workers.ports.lanes import Unavailable
from workers.ports.log import InboundRecord
from workers.ports.read_models import Checkpoint, Generation
from workers.projection.code import code_of_projection
from workers.projection.folding import ALL
from workers.projection.lane import ProjectionLane

BOB_CREATED = ADA_CREATED.model_copy(update={"user_id": "bob", "email": "bob@example.org"})
ROWS = event_rows(ADA_CREATED, BOB_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN, UserUpdated(user_id="bob", city=None))
LOG = inbound_all(ROWS)
PLACE = (Generation("users"), TOPIC, 0)
MADE_BY = code_of_projection(card, stored_events())
ADA = ADA_CREATED.user_id


def lane_on(store: ModelsInMemory, projection: Projection = card) -> ProjectionLane:
    return ProjectionLane(projection, Topics(), 0, stored_events(), RowsInMemory(ROWS), store)


async def read_on(lane: ProjectionLane, log: list[InboundRecord], batch: int = 2) -> int:
    """Acquire the lane and handle the log from its offset, as a runner does. Returns the offset at which it started."""
    offset = await lane.acquire()
    for start in range(offset, len(log), batch):
        await lane.handle(log[start : start + batch])
    return offset


async def everything() -> dict[str, Document]:
    store = ModelsInMemory()
    await read_on(lane_on(store), LOG)
    return store.kept


async def test_keeps_documents_indexes_and_checkpoint() -> None:
    store = ModelsInMemory()
    assert await read_on(lane_on(store), LOG) == 0
    assert store.checkpoints == {PLACE: Checkpoint(5, 5, MADE_BY)}
    assert store.kept[ADA]["city"] == "Turin"
    assert store.kept[ADA]["welcomed_at"] == "2026-01-01T00:00:03.000000Z"
    assert (store.kept[ADA]["version"], store.kept["bob"]["version"]) == (3, 2)
    assert store.found_by() == {
        ALL: {ADA, "bob"},
        Index("email", "ada@example.org"): {ADA},
        Index("email", "bob@example.org"): {"bob"},
        Index("city", "turin"): {ADA},
    }


async def test_goes_on_from_the_checkpoint() -> None:
    store = ModelsInMemory()
    await read_on(lane_on(store), LOG[:2])
    assert await read_on(lane_on(store), LOG) == 2
    assert store.kept == await everything()


async def test_drops_a_repeat() -> None:
    store = ModelsInMemory()
    late = [*LOG[:4], inbound(ROWS[0], 4), inbound(ROWS[2], 5), inbound(ROWS[4], 6)]
    await read_on(lane_on(store), late)
    assert store.kept == await everything()
    assert store.checkpoints[PLACE] == Checkpoint(5, 7, MADE_BY)


async def test_writes_nothing_for_nothing_but_repeats_and_reads_on_behind_them_with_the_next_event() -> None:
    store = ModelsInMemory()
    lane = lane_on(store)
    await read_on(lane, LOG[:4])
    before = store.line.commits
    await lane.handle([inbound(ROWS[0], 4), inbound(ROWS[1], 5)])
    assert store.line.commits == before
    await lane.handle([inbound(ROWS[4], 6)])
    assert store.checkpoints[PLACE] == Checkpoint(5, 7, MADE_BY)


async def test_fills_a_hole_from_the_table() -> None:
    store = ModelsInMemory()
    await read_on(lane_on(store), [inbound(ROWS[0], 0), inbound(ROWS[4], 1)])
    assert store.kept == await everything()


async def test_of_a_deletion_leaves_nothing() -> None:
    store = ModelsInMemory()
    rows = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_DELETED)
    await read_on(lane_on(store), inbound_all(rows))
    assert store.kept == {}
    assert store.found_by() == {}


async def test_starts_over_when_another_has_moved_the_checkpoint() -> None:
    store = ModelsInMemory()
    lane, other = lane_on(store), lane_on(store)
    await lane.acquire()
    await read_on(other, LOG[:4])
    with pytest.raises(Restart):
        await lane.handle(LOG[:2])
    assert await read_on(lane, LOG) == 4
    assert store.kept == await everything()
    assert store.kept[ADA]["version"] == 3, "an event was applied twice"


async def test_notices_while_it_writes_that_the_store_was_emptied() -> None:
    store = ModelsInMemory()
    lane = lane_on(store)
    await read_on(lane, LOG[:2])
    store.line.meanwhile = [store.empty]
    with pytest.raises(Restart):
        await lane.handle(LOG[2:4])
    assert store.kept == {}
    assert await read_on(lane, LOG) == 0, "an empty store is filled from the beginning"
    assert store.kept == await everything()


async def test_notices_while_nothing_happens_that_the_store_was_emptied() -> None:
    store = ModelsInMemory()
    lane = lane_on(store)
    await read_on(lane, LOG)
    await lane.idle()
    store.empty()
    with pytest.raises(Restart):
        await lane.idle()
    assert await read_on(lane, LOG) == 0
    assert store.kept == await everything()


async def test_notices_while_nothing_happens_that_another_generation_is_live() -> None:
    store = ModelsInMemory()
    lane = lane_on(store)
    await read_on(lane, LOG)
    await lane.idle()
    store.server.set(("live", "users"), 2)
    with pytest.raises(Restart, match="another generation"):
        await lane.idle()
    assert await read_on(lane, LOG) == 0
    second = (Generation("users", 2), TOPIC, 0)
    assert store.checkpoints == {PLACE: Checkpoint(5, 5, MADE_BY), second: Checkpoint(5, 5, MADE_BY)}


async def test_that_builds_a_generation_goes_on_with_it_whichever_is_live() -> None:
    store, building = ModelsInMemory(), Generation("users", 2)
    lane = ProjectionLane(card, Topics(), 0, stored_events(), RowsInMemory(ROWS), store, building)
    await read_on(lane, LOG)
    store.server.set(("live", "users"), 3)
    await lane.idle()
    assert list(store.checkpoints) == [(building, TOPIC, 0)]


async def test_that_loses_an_answer_applies_nothing_twice() -> None:
    store = ModelsInMemory()
    lane = lane_on(store)
    await lane.acquire()
    store.line.answers_lost = 1
    with pytest.raises(Unavailable):
        await lane.handle(LOG[:2])
    assert await read_on(lane, LOG) == 2
    assert store.kept == await everything()


async def test_that_cannot_reach_the_store_skips_nothing() -> None:
    store = ModelsInMemory()
    lane = lane_on(store)
    await lane.acquire()
    store.line.away = True
    with pytest.raises(Unavailable):
        await lane.handle(LOG[:2])
    store.line.away = False
    assert await read_on(lane, LOG) == 0
    assert store.kept == await everything()


async def test_whose_checkpoint_alone_was_lost_leaves_no_entry_behind_when_it_is_rebuilt() -> None:
    store = ModelsInMemory()
    rows = event_rows(ADA_CREATED, ADA_MOVED_TO_TURIN, UserDeleted(user_id=ADA))
    await read_on(lane_on(store), inbound_all(rows[:2]))
    store.forget_checkpoints()
    await read_on(lane_on(store), inbound_all(rows), batch=3)
    assert store.kept == {}
    assert store.found_by() == {}
