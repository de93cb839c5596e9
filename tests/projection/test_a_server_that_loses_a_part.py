"""`ProjectionLane` on a server that evicts, is set back or forgets: nothing stays missing, nothing is applied twice."""

import copy

import pytest

from contracts.users.events import UserUpdated
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows
from tests.projection.lossy_scene import Scene, scene_at_rest, whole
from tests.projection.test_a_bug_in_a_projection import failing_at
from tests.projection.test_a_projection_lane import ADA, BOB_CREATED, MADE_BY, PLACE, everything, read_on
from workers import telemetry
from workers.lanes.work import Restart
from workers.ports.parked import ParkedStreamRequest
from workers.ports.read_models import Checkpoint, EvictionAllowed, Generation
from workers.projection.folding import ALL


async def test_keys_that_the_server_has_evicted_are_looked_for_at_once() -> None:
    scene = await scene_at_rest()
    scene.store.lose_document("bob", evicted=True)
    await scene.noticed()
    assert (scene.store.kept, scene.store.found_by()) == await whole()
    await scene.rests()


async def test_evictions_before_the_lane_was_acquired_are_looked_for_when_it_is() -> None:
    scene = await scene_at_rest()
    scene.store.lose_document("bob", evicted=True)
    await scene.another().acquire()
    assert (scene.store.kept, scene.store.found_by()) == await whole()


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-lrm"])
async def test_a_server_that_may_evict_is_not_worked_on_until_it_may_not(policy: str) -> None:
    scene = await scene_at_rest(until=4)
    scene.store.server.policy = policy
    with pytest.raises(EvictionAllowed, match=f"{policy}.*CONFIG SET maxmemory-policy noeviction"):
        await scene.look()
    with pytest.raises(EvictionAllowed):
        await scene.lane.acquire()
    scene.store.lose_document("bob")
    scene.store.server.policy = "noeviction"
    await read_on(scene.lane, scene.log)
    assert (scene.store.kept, scene.store.found_by()) == await whole(), "what went meanwhile is there again"


async def test_a_lane_without_any_event_goes_on_as_well() -> None:
    scene = Scene([])
    scene.store.server.policy = "allkeys-lru"
    with pytest.raises(EvictionAllowed):
        await scene.lane.acquire()
    scene.store.server.policy = "noeviction"
    await scene.lane.acquire()
    await scene.rests()


async def test_a_server_that_evicts_keys_with_an_end_only_is_worked_on() -> None:
    scene = await scene_at_rest()
    scene.store.server.policy = "volatile-lru"
    scene.store.server.evicted = 1000
    await scene.rests()
    await scene.another().acquire()


async def test_a_store_set_back_as_a_whole_is_brought_up_to_date() -> None:
    """A restore, or a replica that lacks the last writes: all of it is as of one moment."""
    scene = await scene_at_rest(until=2)
    before = copy.deepcopy((scene.store.server.values, scene.store.server.indexes))
    await read_on(scene.lane, scene.log)
    scene.store.server.values, scene.store.server.indexes = before
    with pytest.raises(Restart):
        await scene.lane.idle()
    assert await read_on(scene.lane, scene.log) == 2
    assert (scene.store.kept, scene.store.found_by()) == await whole()


async def test_a_lost_checkpoint_beside_documents_that_lack_entries_leaves_a_whole_read_model() -> None:
    scene = await scene_at_rest()
    scene.store.forget_checkpoints()
    scene.store.lose_entries(ALL)
    scene.store.server._add(("index", Generation("users"), "all"), (ALL, "somebody"))
    scene.lane = scene.another()
    await read_on(scene.lane, scene.log)
    assert scene.store.kept == await everything()
    assert scene.store.found_by()[ALL] >= {ADA, "bob"}


async def test_streams_that_wait_wait_on_when_the_store_forgets_them() -> None:
    scene = Scene(projection=failing_at({3}))
    await read_on(scene.lane, scene.log[:4])
    scene.store.lose_kind("parked")
    await scene.noticed()
    assert list(scene.store.waiting) == [ADA]
    assert scene.store.kept[ADA]["version"] == 1, "nothing was applied behind the gap"


async def test_a_lost_document_of_a_stream_that_waits_is_restored_as_far_as_it_had_come() -> None:
    scene = Scene(projection=failing_at({4}))
    await read_on(scene.lane, scene.log)
    scene.store.lose_document(ADA)
    await scene.noticed()
    assert (scene.store.kept[ADA]["version"], scene.store.kept[ADA]["city"]) == (2, "London")
    scene.store.lose_document(ADA)
    fixed = scene.lane = scene.another()
    await fixed.acquire()
    await scene.noticed()
    assert scene.store.kept[ADA]["version"] == 2, "a parked stream is applied when an operator asks for it"
    scene.store.lose_document(ADA)
    scene.store.request(*PLACE, ParkedStreamRequest("users", ADA, "retry"))
    with pytest.raises(Restart, match="documents were missing"):
        await fixed.idle()
    assert scene.store.kept == await everything()


async def test_an_earlier_owner_cannot_write_behind_a_repair() -> None:
    scene = await scene_at_rest(until=4)
    earlier = scene.another()
    await earlier.acquire()
    scene.store.lose_document(ADA)
    await scene.noticed()
    with pytest.raises(Restart):
        await earlier.handle(scene.log[4:])


async def test_the_live_generation_is_written_again_when_the_store_forgets_it() -> None:
    scene = Scene()
    scene.store.server.set(("live", "users"), 2)
    await read_on(scene.lane, scene.log)
    scene.store.lose_kind("live")
    await scene.lane.idle()
    assert await scene.store.live("users") == Generation("users", 2)
    scene.store.server.set(("live", "users"), 1)
    with pytest.raises(Restart):
        await scene.lane.idle()
    assert await scene.store.live("users") == Generation("users", 1), "an operator's choice stands"


async def test_no_generation_is_written_into_an_emptied_store() -> None:
    scene = Scene()
    scene.store.server.set(("live", "users"), 2)
    await read_on(scene.lane, scene.log)
    scene.store.empty()
    with pytest.raises(Restart):
        await scene.lane.idle()
    await read_on(scene.lane, scene.log)
    assert set(scene.store.checkpoints) == {PLACE}


async def test_a_stream_longer_than_a_page_is_folded_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.rebuilding.EVENTS_AT_A_TIME", 2)
    moves = [UserUpdated(user_id=ADA, city=f"City {number}") for number in range(7)]
    scene = Scene(event_rows(ADA_CREATED, *moves, ADA_MOVED_TO_TURIN))
    await read_on(scene.lane, scene.log[:7])
    scene.store.lose_document(ADA)
    await scene.noticed()
    assert (scene.store.kept[ADA]["version"], scene.store.kept[ADA]["city"]) == (7, "City 5")


async def test_a_rebuild_over_what_is_left_goes_on_as_one_after_a_kill() -> None:
    """Else the entries of a document that is built again within one batch would stay beside its new ones."""
    moves = [UserUpdated(user_id="bob", city="Bonn"), UserUpdated(user_id="bob", city="Rome")]
    scene = Scene(event_rows(ADA_CREATED, ADA_WELCOMED, BOB_CREATED, *moves))
    await read_on(scene.lane, scene.log[:4])
    scene.store.forget_checkpoints()
    await scene.another().acquire()
    killed = scene.another()
    await killed.acquire()
    await killed.handle(scene.log[:2])
    scene.lane = scene.another()
    assert await read_on(scene.lane, scene.log, batch=10) == 2
    cities = {index.key for index, ids in scene.store.found_by().items() if index.name == "city" and "bob" in ids}
    assert cities == {"rome"}
    await scene.rests()
    assert scene.store.checkpoints[PLACE] == Checkpoint(5, 5, MADE_BY)
    assert telemetry.OUTDATED.labels("users", "0")._value.get() == 0
