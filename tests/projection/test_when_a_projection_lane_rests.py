"""`ProjectionIdleLook` wakes a lane for whatever its own look would find, and for nothing else."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from tests.projection.lossy_scene import Scene, scene_at_rest
from tests.projection.test_a_projection_lane import PLACE
from workers.lanes.work import Restart
from workers.ports.lanes import LaneKey
from workers.ports.read_models import EvictionAllowed, Generation, ServerSigns
from workers.ports.waiting_lanes import LanePlace
from workers.projection.idle_look import ProjectionIdleLook


class TablesOnScript:
    """`WaitingLanes` by which these places are ahead of the lanes."""

    def __init__(self) -> None:
        self.places_ahead: set[LanePlace] = set()

    async def ahead(self, sequences: Mapping[LanePlace, int]) -> Collection[LanePlace]:
        return self.places_ahead & sequences.keys()

    async def due(self, lanes: Sequence[LaneKey], sagas: Sequence[str]) -> Collection[LaneKey]:
        return set()


class Looked:
    """A lane that has looked by itself, and the look at it."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.tables = scene, TablesOnScript()
        self.look = ProjectionIdleLook("users", "users", PLACE[1], scene.store, self.tables, scene.hands)

    async def is_woken(self) -> bool:
        return bool(await self.look([self.scene.lane]))


async def looked() -> Looked:
    scene = await scene_at_rest()
    await scene.look()
    return Looked(scene)


async def test_it_rests_while_nothing_has_changed_until_it_is_time_to_check_a_part_of_it() -> None:
    lane = await looked()
    assert not await lane.is_woken()
    lane.scene.hands.turn()
    assert await lane.is_woken()
    await lane.scene.lane.idle()
    assert not await lane.is_woken()


async def test_an_empty_lane_has_nothing_to_check() -> None:
    scene = Scene(rows=[])
    await scene.lane.acquire()
    await scene.lane.idle()
    scene.hands.turn()
    assert not await Looked(scene).is_woken()


async def test_it_is_woken_when_another_generation_is_live() -> None:
    lane = await looked()
    lane.scene.store.server.set(("live", "users"), 2)
    assert await lane.is_woken()
    with pytest.raises(Restart, match="another generation"):
        await lane.scene.lane.idle()


async def test_it_is_woken_when_the_store_was_emptied() -> None:
    lane = await looked()
    lane.scene.store.empty()
    assert await lane.is_woken()


async def test_it_is_woken_when_the_table_is_ahead() -> None:
    lane = await looked()
    lane.tables.places_ahead = {LanePlace("users", 1), LanePlace("orders", 0)}
    assert not await lane.is_woken()
    lane.tables.places_ahead = {LanePlace("users", 0)}
    assert await lane.is_woken()


async def test_it_is_woken_when_the_server_has_evicted_keys() -> None:
    lane = await looked()
    lane.scene.store.server.evicted += 1
    assert await lane.is_woken()
    with pytest.raises(Restart, match="evicted"):
        await lane.scene.lane.idle()


async def test_the_server_is_asked_once_for_all_lanes_and_not_by_each(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = await looked()
    store, asked = lane.scene.store, []
    signs = store.signs

    async def noted_signs() -> ServerSigns | None:
        asked.append(lane.scene.hands.now)
        return await signs()

    monkeypatch.setattr(store, "signs", noted_signs)
    lane.scene.hands.turn()
    assert await lane.is_woken()
    await lane.scene.lane.idle()
    assert asked == [lane.scene.hands.now]


async def test_a_server_that_may_evict_is_noticed() -> None:
    lane = await looked()
    lane.scene.store.server.policy = "allkeys-lru"
    with pytest.raises(EvictionAllowed):
        await lane.is_woken()


async def test_the_live_generation_is_the_one_whose_checkpoints_are_read() -> None:
    lane = await looked()
    assert lane.scene.lane.is_at_rest(Generation("users"), lane.scene.store.checkpoints[PLACE])
    assert not lane.scene.lane.is_at_rest(Generation("users", 2), lane.scene.store.checkpoints[PLACE])
