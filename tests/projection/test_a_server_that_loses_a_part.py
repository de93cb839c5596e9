"""`ProjectionLane` on a server that evicts, is set back or forgets: nothing is missing for good or applied twice."""

import copy

import pytest

from contracts.users.events import UserUpdated
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows
from tests.projection.losing_scene import Scene, scene, whole
from tests.projection.test_a_bug_in_a_projection import cannot_take
from tests.projection.test_a_projection_lane import ADA, BOB_CREATED, MADE_BY, PLACE, everything, read_on
from workers import telemetry
from workers.lanes.work import Restart
from workers.ports.parked import ParkedStreamRequest
from workers.ports.read_models import Checkpoint, EvictionAllowed, Generation
from workers.projection.folding import ALL


async def test_keys_that_the_server_has_evicted_are_looked_for_at_once() -> None:
    found = await scene()
    found.store.lose_document("bob", evicted=True)
    await found.noticed()
    assert (found.store.kept, found.store.found_by()) == await whole()
    await found.rests()


async def test_evictions_before_the_lane_was_taken_are_looked_for_when_it_is() -> None:
    found = await scene()
    found.store.lose_document("bob", evicted=True)
    await found.another().acquire()
    assert (found.store.kept, found.store.found_by()) == await whole()


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-lrm"])
async def test_a_server_that_may_evict_is_not_worked_on_until_it_may_not(policy: str) -> None:
    found = await scene(until=4)
    found.store.server.policy = policy
    with pytest.raises(EvictionAllowed, match=f"{policy}.*CONFIG SET maxmemory-policy noeviction"):
        await found.look()
    with pytest.raises(EvictionAllowed):
        await found.lane.acquire()
    found.store.lose_document("bob")
    found.store.server.policy = "noeviction"
    await read_on(found.lane, found.log)
    assert (found.store.kept, found.store.found_by()) == await whole(), "what went meanwhile is there again"


async def test_a_lane_without_any_event_goes_on_as_well() -> None:
    found = Scene([])
    found.store.server.policy = "allkeys-lru"
    with pytest.raises(EvictionAllowed):
        await found.lane.acquire()
    found.store.server.policy = "noeviction"
    await found.lane.acquire()
    await found.rests()


async def test_a_server_that_evicts_keys_with_an_end_only_is_worked_on() -> None:
    found = await scene()
    found.store.server.policy = "volatile-lru"
    found.store.server.evicted = 1000
    await found.rests()
    await found.another().acquire()


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
    mended = found.lane = found.another()
    await mended.acquire()
    await found.noticed()
    assert found.store.kept[ADA]["version"] == 2, "what waits is applied when somebody asks for it"
    found.store.lose_document(ADA)
    found.store.request(*PLACE, ParkedStreamRequest("users", ADA, "retry"))
    with pytest.raises(Restart, match="documents were missing"):
        await mended.idle()
    assert found.store.kept == await everything()


async def test_another_owner_of_before_cannot_write_behind_a_repair() -> None:
    found = await scene(until=4)
    sleeper = found.another()
    await sleeper.acquire()
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
    await found.another().acquire()
    killed = found.another()
    await killed.acquire()
    await killed.handle(found.log[:2])
    found.lane = found.another()
    assert await read_on(found.lane, found.log, batch=10) == 2
    cities = {index.key for index, ids in found.store.found_by().items() if index.name == "city" and "bob" in ids}
    assert cities == {"rome"}
    await found.rests()
    assert found.store.checkpoints[PLACE] == Checkpoint(5, 5, MADE_BY)
    assert telemetry.OUTDATED.labels("users", "0")._value.get() == 0
