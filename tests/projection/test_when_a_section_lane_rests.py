"""A section's lane without new events asks little: once a minute when it is complete, and the server's signs once."""

import pytest

from tests.lanes.recorded_rows import RowsInMemory, event_rows, inbound_all
from tests.projection.section_scene import (
    EVENTS,
    LIVE,
    PLACE,
    TOPIC,
    WHOLE,
    Scene,
    at_rest,
    failing_on,
    order,
    read_on,
)
from tests.projection.test_when_a_projection_lane_rests import TablesOnScript
from workers.ports.read_models import Checkpoint, Generation, ServerSigns
from workers.projection.idle_look import ProjectionIdleLook
from workers.projection.integrity import LOOK_INTERVAL_SECONDS
from workers.projection.section_integrity import REST_INTERVAL_SECONDS


class Looked:
    """A section's lane that has looked at all of its values by itself, and the look at it."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene, self.signs_asked = scene, 0
        self.look = ProjectionIdleLook("users", "orders", TOPIC, scene.store, TablesOnScript(), scene.hands)
        signs = scene.store.signs

        async def counted_signs() -> ServerSigns | None:
            self.signs_asked += 1
            return await signs()

        monkeypatch.setattr(scene.store, "signs", counted_signs)

    async def is_woken(self) -> bool:
        return bool(await self.look([self.scene.lane]))


@pytest.fixture
async def lane(monkeypatch: pytest.MonkeyPatch) -> Looked:
    scene = await at_rest()
    await scene.look()
    return Looked(scene, monkeypatch)


async def test_it_is_looked_at_once_a_minute_when_a_round_has_found_it_complete(lane: Looked) -> None:
    lane.scene.hands.now += REST_INTERVAL_SECONDS - 0.1
    assert not await lane.is_woken()
    lane.scene.hands.now += 0.1
    assert await lane.is_woken()
    await lane.scene.lane.idle()
    assert not await lane.is_woken()


async def test_it_is_looked_at_sooner_after_a_new_event(lane: Looked) -> None:
    lane.scene.table.rows = event_rows(*EVENTS, order(5, "bob"))
    await lane.scene.lane.handle(inbound_all(lane.scene.table.rows)[5:])
    assert not await lane.is_woken()
    lane.scene.hands.turn()
    assert await lane.is_woken()


async def test_it_is_looked_at_sooner_while_its_first_round_is_not_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.section_integrity.EVENTS_AT_A_TIME", 2)
    lane = Looked(await at_rest(), monkeypatch)
    for _ in range(3):
        lane.scene.hands.turn()
        assert await lane.is_woken()
        await lane.scene.lane.idle()
    lane.scene.hands.turn()
    assert not await lane.is_woken()


async def test_the_server_is_asked_once_for_all_lanes_and_not_by_each(lane: Looked) -> None:
    await lane.is_woken()
    lane.scene.hands.now += REST_INTERVAL_SECONDS
    assert await lane.is_woken()
    await lane.scene.lane.idle()
    assert lane.signs_asked == 2


async def test_it_is_woken_when_the_server_has_evicted_keys(lane: Looked) -> None:
    lane.scene.lose("ada", evicted=True)
    assert await lane.is_woken()
    await lane.scene.lane.idle()
    assert await lane.scene.counts() == WHOLE


async def test_it_is_woken_by_another_generation_and_by_another_checkpoint(lane: Looked) -> None:
    stored = lane.scene.store.checkpoints[PLACE]
    assert lane.scene.lane.is_at_rest(LIVE, stored)
    assert not lane.scene.lane.is_at_rest(Generation("users", 2), stored)
    assert not lane.scene.lane.is_at_rest(LIVE, stored._replace(offset=0))


async def test_it_does_not_rest_while_a_stream_is_parked(monkeypatch: pytest.MonkeyPatch) -> None:
    section, _ = failing_on("order-2")
    scene = Scene(section)
    await read_on(scene.lane)
    await scene.look()
    lane = Looked(scene, monkeypatch)
    assert await lane.is_woken()
    scene.request("order-2", "skip")
    await scene.lane.idle()
    assert not await lane.is_woken()


async def test_an_empty_lane_has_nothing_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.table = RowsInMemory(())
    scene.lane = scene.another()
    await read_on(scene.lane, [])
    scene.hands.now += LOOK_INTERVAL_SECONDS
    assert scene.lane.is_at_rest(LIVE, Checkpoint(0, 0))
