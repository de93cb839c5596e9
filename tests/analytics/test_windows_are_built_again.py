"""`annals analytics rebuild`: refused while a worker runs, recorded before it acts, and all windows are built again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from contracts.orders.events import OrderPlaced
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.wire import ImmediateWire
from tests.analytics.drawn import Drawn, rows_of
from tests.analytics.lane_in_memory import CHANGELOG, LaneInMemory
from workers.analytics.entries import removed_position
from workers.operations.interventions import Operator
from workers.operations.window_rebuild import AnalyticsWorkersRun, rebuild_windows
from workers.ports.interventions import Intervention, Reason
from workers.ports.log import OutboundRecord

INTERVENTIONS = MemoryInterventions(InterventionRows(lambda: datetime.now(UTC)), ImmediateWire())


@dataclass
class BuildsInMemory:
    """`WindowBuilds` of one lane. `hosts_by_look`: who is in the group at each look; afterwards nobody."""

    lane: LaneInMemory
    hosts_by_look: list[list[str]] = field(default_factory=list)
    recorded_before: list[Intervention] = field(default_factory=list)

    async def hosts(self) -> Sequence[str]:
        return self.hosts_by_look.pop(0) if self.hosts_by_look else []

    async def remove_positions(self, contexts: Collection[str]) -> None:
        self.recorded_before = await INTERVENTIONS.of(["analytics"])
        for context in contexts:
            key, value = removed_position(context)
            self.lane.broker.append(CHANGELOG, 0, [OutboundRecord(key.encode(), value, ())])


def builds(*hosts_by_look: list[str]) -> BuildsInMemory:
    lane = LaneInMemory(rows_of([Drawn(OrderPlaced, number, 1) for number in range(3)]))
    return BuildsInMemory(lane, list(hosts_by_look))


def operator(reason: str) -> Operator:
    return Operator(INTERVENTIONS, "ada", Reason(reason))


async def test_the_next_worker_begins_with_the_first_event() -> None:
    built = builds()
    process = built.lane.process()
    await process.acquire(1)
    await process.catch_up()
    await process.publish(None)
    # A sum that is wrong in the table itself: no event would ever correct it.
    (key,) = process._table.entries("orders/sum/orders/3600")
    await process._table.write([(key, b"[1,3,99]")])
    await rebuild_windows(built, operator("a sum is wrong"), ["orders"])
    recorded = built.recorded_before[-1]
    assert (recorded.action, recorded.actor, recorded.reason) == ("analytics-rebuild", "ada", "a sum is wrong")
    assert recorded.details == {"contexts": ["orders"]}
    after = built.lane.process()
    await after.acquire(2)
    assert (after.position, after.windows) == (0, {})
    await after.catch_up()
    await after.publish(None)
    assert after.windows == process.windows == built.lane.shown()


async def test_it_is_refused_while_a_worker_runs() -> None:
    built = builds(["10.0.0.1", "10.0.0.1", "10.0.0.2"])
    with pytest.raises(AnalyticsWorkersRun, match=r"3 analytics .* \(on 10.0.0.1, 10.0.0.2\); nothing was done"):
        await rebuild_windows(built, operator("too soon"), ["orders"])
    assert built.lane.broker.end(CHANGELOG, 0) == 0
    assert not [row for row in await INTERVENTIONS.of(["analytics"]) if row.reason == "too soon"]


async def test_a_worker_that_came_meanwhile_is_named() -> None:
    """It may have read the positions before they were removed, and writes them again."""
    with pytest.raises(AnalyticsWorkersRun, match="came meanwhile") as refused:
        await rebuild_windows(builds([], ["10.0.0.3"]), operator("a race"), ["orders"])
    assert refused.value.has_removed
