"""A lane reads on from the record that it has handled last: where another one stands, its position says nothing."""

import pytest

from tests.lanes.test_a_lanes_topic import Reading
from tests.lanes.work import PARTITION, records
from workers.lanes.work import Restart


def handled_before(reading: Reading, timestamp: int) -> None:
    """The lane has handled the record at offset 39, written at this time."""
    reading.work.last_timestamp = timestamp


async def test_is_read_from_the_last_record_that_was_handled_which_is_not_new() -> None:
    reading = Reading()
    reading.subscription.topics[PARTITION] = records(0, 100, timestamp=5)
    handled_before(reading, 5)
    offset = await reading.begin(40)
    assert (offset, reading.input.reads_from(offset)) == (40, 39)
    assert [record.offset for record in reading.input.new(records(39, 42, timestamp=5))] == [40, 41]
    assert [record.offset for record in reading.input.new(records(42, 43, timestamp=6))] == [42]


async def test_that_lost_its_end_and_grew_beyond_it_is_an_interruption_and_read_from_its_beginning() -> None:
    reading = Reading()
    reading.subscription.topics[PARTITION] = records(0, 100, timestamp=7)
    handled_before(reading, 5)
    await reading.begin(40)
    with pytest.raises(Restart, match="the record at offset 39 is not the one"):
        reading.input.new(records(39, 42, timestamp=7))
    assert await reading.begin(50) == 50, "of another owner's position it says nothing"
    assert await reading.begin(40) == 40
    with pytest.raises(Restart):
        reading.input.new(records(39, 42, timestamp=7))
    assert await reading.begin(40) == 0
    (actual,) = reading.work.interruptions
    assert (actual.kind, actual.consumed, actual.end, actual.missing) == ("truncated", 40, 100, None)
    assert reading.input.reads_from(0) == 0, "what was handled last is not known any more"


async def test_without_the_record_that_was_handled_last_is_read_on() -> None:
    """It was deleted meanwhile, which says nothing of those that come after it."""
    reading = Reading()
    handled_before(reading, 5)
    assert await reading.begin(40) == 40
    assert [record.offset for record in reading.input.new(records(40, 42, timestamp=7))] == [40, 41]
    reading.subscription.starts[PARTITION] = 40
    handled_before(reading, 5)
    assert reading.input.reads_from(await reading.begin(40)) == 40


async def test_whose_lane_does_not_know_what_it_handled_last_is_read_on() -> None:
    reading = Reading()
    handled_before(reading, 0)
    assert reading.input.reads_from(await reading.begin(40)) == 40


async def test_under_a_new_leader_is_looked_at_before_its_records_are_handled() -> None:
    reading = Reading()
    reading.subscription.leader_epochs[PARTITION] = 3
    await reading.begin(40)
    assert reading.input.new(records(40, 42, leader_epoch=2))
    assert reading.input.new(records(42, 44, leader_epoch=3))
    with pytest.raises(Restart, match="new leader"):
        reading.input.new(records(44, 46, leader_epoch=5))
    reading.subscription.leader_epochs[PARTITION] = 5
    await reading.begin(44)
    assert reading.input.new(records(44, 46, leader_epoch=5))


async def test_under_a_leader_of_whom_not_every_broker_tells_yet_is_read_on_once_it_was_looked_at() -> None:
    reading = Reading()
    reading.subscription.topics[PARTITION] = records(0, 100, timestamp=5)
    reading.subscription.leader_epochs[PARTITION] = 3
    handled_before(reading, 5)
    await reading.begin(40)
    assert reading.input.new(records(39, 41, timestamp=5, leader_epoch=5))
    assert reading.input.new(records(41, 43, leader_epoch=5))
    with pytest.raises(Restart, match="new leader"):
        reading.input.new(records(43, 44, leader_epoch=6))


async def test_whose_leaders_are_unknown_is_read_on() -> None:
    reading = Reading()
    await reading.begin(40)
    assert reading.input.new(records(40, 42, leader_epoch=7))


async def test_under_a_new_leader_is_read_on_by_the_owner_with_the_table() -> None:
    reading = Reading()
    reading.work.can_read_the_table = True
    reading.subscription.leader_epochs[PARTITION] = 3
    await reading.begin(40)
    assert reading.input.new(records(40, 42, leader_epoch=5))
