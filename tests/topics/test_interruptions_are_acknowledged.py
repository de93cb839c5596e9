"""An operator acknowledges interruptions of lanes, with a reason; the record of the action is the acknowledgement."""

import pytest

from tests.topics.on_the_twins import TOPIC, Twins
from workers.operations.lane_interruptions import NotInterrupted, acknowledge, lane_overview
from workers.ports.lanes import Interruption, LaneKey, Unavailable


def lane(partition: int) -> LaneKey:
    return LaneKey("command", TOPIC, partition)


def interrupted(*partitions: int) -> Twins:
    """Twins in which these lanes were interrupted, in this order."""
    twins = Twins()
    twins.has_read_all()
    for partition in partitions:
        interrupt(twins, partition)
    return twins


def interrupt(twins: Twins, partition: int) -> None:
    twins.table.rebase(lane(partition), 1, 7, "new", Interruption("deleted", "old", "new", 3, 7, 9, 4))


async def test_the_overview_has_all_lanes_and_the_open_interruptions_the_oldest_first() -> None:
    lanes, interruptions = await lane_overview(interrupted(1, 0).lanes)
    assert [row.name for row in lanes] == [str(lane(0)), str(lane(1))]
    assert [(row.name, row.kind, row.missing) for row in interruptions] == [
        (str(lane(1)), "deleted", 4),
        (str(lane(0)), "deleted", 4),
    ]
    (first, _) = interruptions
    assert (first.consumed, first.start_offset, first.end_offset, first.resumed_at) == (3, 7, 9, 7)


async def test_those_of_the_named_lanes_are_closed_and_the_others_stay_open() -> None:
    twins = interrupted(0, 1, 0)
    assert await acknowledge(twins.lanes, twins.operator, [str(lane(0)), str(lane(0))]) == [str(lane(0))]
    assert [row.name for row in await twins.lanes.open_interruptions()] == [str(lane(1))]
    (intervention,) = twins.interventions.rows
    assert (intervention.actor, intervention.reason, intervention.details) == ("ada", "a test", {"until": 3})


async def test_without_names_all_are_closed_once() -> None:
    twins = interrupted(1, 0)
    assert await acknowledge(twins.lanes, twins.operator) == [str(lane(0)), str(lane(1))]
    assert await twins.lanes.open_interruptions() == []
    assert await acknowledge(twins.lanes, twins.operator) == []
    assert len(twins.actions()) == 2


async def test_one_that_comes_later_is_open() -> None:
    twins = interrupted(0)
    await acknowledge(twins.lanes, twins.operator)
    interrupt(twins, 0)
    assert [row.name for row in await twins.lanes.open_interruptions()] == [str(lane(0))]


async def test_a_lane_without_an_open_interruption_is_named_and_nothing_is_recorded() -> None:
    twins = interrupted(0)
    with pytest.raises(NotInterrupted, match=str(lane(1))):
        await acknowledge(twins.lanes, twins.operator, [str(lane(0)), str(lane(1))])
    assert twins.actions() == []


async def test_what_cannot_be_recorded_stays_open() -> None:
    twins = interrupted(0)
    twins.wire.away.add("Postgres")
    with pytest.raises(Unavailable):
        await acknowledge(twins.lanes, twins.operator)
    twins.wire.away.clear()
    assert len(await twins.lanes.open_interruptions()) == 1
