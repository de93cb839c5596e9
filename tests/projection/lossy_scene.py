"""A projection's lane on a store that can lose a part, and a clock that a test turns."""

import pytest

from contracts.catalogue import stored_events
from contracts.topics import Topics
from tests.lanes.recorded_rows import RowsInMemory, inbound_all
from tests.projection.models import ModelsInMemory
from tests.projection.test_a_projection_lane import LOG, ROWS, read_on
from workers import telemetry
from workers.core.projection import Projection
from workers.domain.users.card import card
from workers.lanes.work import Restart
from workers.ports.event_store import EventRow
from workers.projection.integrity import LOOK_INTERVAL_SECONDS
from workers.projection.lane import ProjectionLane


class Hands:
    """The hands of a clock that stands still until a test turns them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def turn(self) -> None:
        """Turn the clock to the next look."""
        self.now += LOOK_INTERVAL_SECONDS


class Scene:
    """A lane that has read its log, and a whole copy of what it keeps."""

    def __init__(self, rows: list[EventRow] | None = None, projection: Projection = card) -> None:
        self.rows = ROWS if rows is None else rows
        self.log = inbound_all(self.rows)
        self.store, self.hands, self.table = ModelsInMemory(), Hands(), RowsInMemory(self.rows)
        self.lane = self.another(projection)

    def another(self, projection: Projection = card) -> ProjectionLane:
        events = stored_events()
        return ProjectionLane(projection, Topics(), 0, events, self.table, self.store, clock=self.hands)

    async def look(self) -> None:
        self.hands.turn()
        await self.lane.idle()

    async def noticed(self) -> None:
        """The next look finds a loss, and the lane is acquired again."""
        with pytest.raises(Restart):
            await self.look()
        await self.lane.acquire()

    async def rests(self) -> None:
        """Nothing is found in all of the lane."""
        for _ in range(3):
            await self.look()


def lost() -> float:
    return float(telemetry.DOCUMENTS_LOST.labels("users")._value.get())


async def scene_at_rest(until: int | None = None) -> Scene:
    scene = Scene()
    await read_on(scene.lane, scene.log[:until])
    await scene.lane.idle()
    return scene


async def whole() -> tuple[object, object]:
    store = Scene().store
    await read_on(ProjectionLane(card, Topics(), 0, stored_events(), RowsInMemory(ROWS), store), LOG)
    return store.kept, store.found_by()
