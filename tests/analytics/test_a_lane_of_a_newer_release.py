"""An analytics worker leaves a lane with an event of a newer release alone, and goes on with the others."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from contracts.orders.events import OrderPlaced
from tests.analytics.drawn import Drawn, rows_of
from tests.analytics.lane_in_memory import NOON, ORDERS, LaneInMemory
from workers.analytics.lane import AnalyticsLane
from workers.analytics.lanes import AnalyticsLanes
from workers.ports.waiting_lanes import LanePlace

LEFT, OTHER = LanePlace("orders", 0), LanePlace("orders", 1)
ROWS = rows_of([Drawn(OrderPlaced, number, number) for number in range(3)])
NEWER = [ROWS[0], ROWS[1]._replace(schema_version=9), ROWS[2]]


class Servers:
    """What the table has beyond the lanes, and its time."""

    ahead_places: Collection[LanePlace] = ()

    async def ahead(self, sequences: Mapping[LanePlace, int]) -> Collection[LanePlace]:
        return [place for place in sequences if place in self.ahead_places]

    async def due(self, *_: Any) -> Sequence[Any]:
        return ()

    async def now(self) -> datetime:
        return NOON


class Process:
    """The lanes of one process. `seconds` is its time."""

    def __init__(self) -> None:
        self.lanes_in_memory = {LEFT: LaneInMemory(NEWER), OTHER: LaneInMemory(ROWS)}
        self.processes: dict[LanePlace, AnalyticsLane] = {}
        self.servers = Servers()
        self.seconds = 0.0
        series = {declared.name: declared for declared in ORDERS}
        self.lanes = AnalyticsLanes(
            self._made,
            series,
            (),
            self.servers,
            self.servers,
            lambda context: f"{context}.events",
            lambda: self.seconds,
        )

    async def _made(self, place: LanePlace) -> AnalyticsLane:
        self.processes[place] = self.lanes_in_memory[place].process()
        return self.processes[place]

    async def reads_all(self) -> None:
        await self.lanes.handle({place: lane.records() for place, lane in self.lanes_in_memory.items()})

    def positions(self) -> dict[LanePlace, int]:
        return {place: lane.position for place, lane in self.processes.items()}


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Why lanes were left, as it is logged."""
    log = CapturingLogger()
    monkeypatch.setattr("workers.analytics.lanes.log", log)
    return lambda: [call.kwargs["reason"] for call in log.calls if call.args == ("lane left to a newer release",)]


async def test_and_says_so_once(reasons: Callable[[], list[str]]) -> None:
    process = Process()
    await process.reads_all()
    await process.reads_all()
    assert reasons() == ["orders.OrderPlaced.v9 was written by a newer release: upgrade this process"]
    assert process.positions() == {LEFT: 0, OTHER: 3}


async def test_when_the_table_has_it_and_the_log_does_not_bring_it(reasons: Callable[[], list[str]]) -> None:
    process = Process()
    process.servers.ahead_places = (LEFT,)
    for _ in range(5):
        await process.lanes.tend([LEFT, OTHER])
        process.seconds += 60
    assert len(reasons()) == 1


async def test_until_its_lanes_are_given_anew() -> None:
    process = Process()
    await process.reads_all()
    process.lanes_in_memory[LEFT] = LaneInMemory(ROWS)  # as a newer release reads them
    process.lanes.forget()
    await process.reads_all()
    assert process.positions() == {LEFT: 3, OTHER: 3}


@pytest.mark.parametrize("place", [LEFT, OTHER], ids=["the one that is left", "the other"])
async def test_and_publishes_what_it_has_of_both(place: LanePlace) -> None:
    process = Process()
    await process.reads_all()
    await process.lanes.tend([LEFT, OTHER])
    assert bool(process.lanes_in_memory[place].shown()) == bool(process.positions()[place])
