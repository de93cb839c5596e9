"""A lane's position means something in the topic that it was read from, as long as what it names is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lanes.test_a_lane_of_this_process import become, held
from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from workers.lanes.interruptions import FOLLOWED_RECORDS, interruption, resumption
from workers.ports.log import Extent, TopicState

SAME, OTHER = TopicState("one", 6), TopicState("another", 6)
offsets = st.integers(0, 100_000)


@given(offsets, offsets, offsets)
def test_is_its_own_as_long_as_the_topic_is_the_same_and_reaches_there(start: int, read: int, unread: int) -> None:
    consumed = start + read
    extent = Extent(SAME, start, consumed + unread)
    assert interruption("one", consumed, extent) is None
    assert resumption(consumed, extent, is_interrupted=False, can_read_the_table=False) == consumed


@given(offsets, offsets, offsets, st.booleans())
def test_in_another_topic_says_nothing_whatever_it_is(
    start: int, length: int, consumed: int, reads_table: bool
) -> None:
    extent = Extent(OTHER, start, start + length)
    actual = interruption("one", consumed, extent)
    assert actual is not None
    assert (actual.kind, actual.missing) == ("recreated", None)
    offset = resumption(consumed, extent, is_interrupted=True, can_read_the_table=reads_table)
    assert extent.start <= offset <= extent.end
    assert reads_table or offset == extent.start, "a command that was not handled may stand anywhere in it"
    assert not reads_table or extent.end - offset <= FOLLOWED_RECORDS


def test_before_the_first_record_is_short_of_what_was_deleted() -> None:
    actual = interruption("one", 10, Extent(SAME, 25, 40))
    assert actual is not None
    assert (actual.kind, actual.missing) == ("deleted", 15)


def test_behind_the_end_is_in_a_topic_that_was_cut_short() -> None:
    actual = interruption("one", 41, Extent(SAME, 0, 40))
    assert actual is not None
    assert actual.kind == "truncated"


@pytest.mark.parametrize("start", [0, 25])
def test_of_a_new_lane_is_the_first_record_that_there_is(start: int) -> None:
    extent = Extent(SAME, start, 40)
    assert interruption("", 0, extent, can_read_the_table=True) is None, "who has never read has the table"
    assert resumption(0, extent, is_interrupted=False, can_read_the_table=False) == start


def test_of_a_new_lane_of_commands_is_short_of_what_was_deleted_before_it_came() -> None:
    """A topic took commands for longer than it keeps them, and no worker was there."""
    assert interruption("", 0, Extent(SAME, 0, 40)) is None
    actual = interruption("", 0, Extent(SAME, 25, 40))
    assert actual is not None
    assert (actual.kind, actual.consumed, actual.missing) == ("deleted", 0, 25)


@pytest.mark.parametrize("ids", [("", "one"), ("one", ""), ("", "")], ids=str)
def test_without_an_id_is_compared_by_start_and_end(ids: tuple[str, str]) -> None:
    stored, reported = ids
    assert interruption(stored, 10, Extent(TopicState(reported, 6), 0, 40)) is None
    assert interruption(stored, 50, Extent(TopicState(reported, 6), 0, 40)) is not None


async def test_is_stored_with_the_topics_id_when_it_is_learned() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    subscription.states[PARTITION.topic] = TopicState("topic-1", 1)
    work.consumed = 3
    async with held(work, subscription):
        assert (work.consumed, work.topic_id, work.interruptions) == (3, "topic-1", [])


async def test_is_the_beginning_of_a_topic_that_was_recreated_while_it_was_read() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    subscription.states[PARTITION.topic] = TopicState("topic-1", 1)
    async with held(work, subscription) as runner:
        runner.offer(records(0, 5))
        await become(lambda: len(work.handled) == 5, "the records are handled")
        subscription.recreate(PARTITION, 3)
        (extent,) = (await subscription.extents([PARTITION])).values()
        runner.compare(extent, runner.fetched_to)
        await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is taken again")
        assert [interruption.kind for interruption in work.interruptions] == ["recreated"]
        assert work.is_interrupted
        runner.offer(records(0, 3))
        await become(lambda: len(work.handled) == 8, "the new records are handled too")
        assert work.handled == [*range(5), *range(3)]


async def test_is_not_moved_by_what_was_deleted_after_it_had_come() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    async with held(work, subscription) as runner:
        work.going.clear()
        runner.offer(records(0, 5))
        subscription.starts[PARTITION] = 5
        (extent,) = (await subscription.extents([PARTITION])).values()
        runner.compare(extent, 1)  # when the question was asked, one record had come
        work.going.set()
        await become(lambda: len(work.handled) == 5, "what had come is handled")
        assert len(work.taken_at) == 1
        assert work.interruptions == []


async def test_leaves_out_what_was_never_a_record_and_says_what_was_deleted() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    async with held(work, subscription) as runner:
        runner.offer(records(0, 5))
        runner.offer(records(6, 8))  # 5: the mark of a transaction
        await become(lambda: len(work.handled) == 7, "the records around it are handled")
        assert (len(work.taken_at), work.interruptions) == (1, [])
        assert work.batches == [5, 2]
        subscription.starts[PARTITION] = 20
        runner.offer(records(20, 22))
        await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is taken again")
        (actual,) = work.interruptions
        assert (actual.kind, actual.consumed, actual.missing) == ("deleted", 8, 12)
        runner.offer(records(20, 22))
        await become(lambda: work.handled[-2:] == [20, 21], "it goes on behind what is gone")


async def test_is_behind_what_was_taken_out_of_the_middle_and_that_is_said() -> None:
    """The cleaner of a topic that was compacted leaves no other trace."""
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    subscription.states[PARTITION.topic] = TopicState("topic-1", 1)
    subscription.gone[PARTITION] = (9, 12)
    async with held(work, subscription) as runner:
        runner.offer(records(0, 5))
        runner.offer(records(6, 8))  # 5: the mark of a transaction
        runner.offer(records(12, 14))  # 8: another; what comes behind it is gone
        await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is taken again")
        assert work.handled == [*range(5), 6, 7]
        (actual,) = work.interruptions
        assert (actual.kind, actual.consumed, actual.missing, work.consumed) == ("deleted", 8, 4, 12)
        assert work.is_interrupted
        runner.offer(records(12, 14))
        await become(lambda: work.handled[-2:] == [12, 13], "it goes on behind what is gone")
    looks = [step for step, _ in subscription.steps if step.startswith("look from")]
    assert looks == ["look from 5 to 14", "look from 8 to 14"]


async def test_is_behind_the_gap_for_who_can_read_the_table_instead() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    work.can_read_the_table = True
    subscription.gone[PARTITION] = (5, 12)
    async with held(work, subscription) as runner:
        runner.offer(records(0, 5))
        runner.offer(records(12, 14))
        await become(lambda: work.handled[-2:] == [12, 13], "it goes on")
        assert (len(work.taken_at), work.interruptions) == (1, [])


async def test_is_looked_for_once_among_the_marks_of_many_transactions() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    async with held(work, subscription) as runner:
        work.going.clear()
        for offset in range(0, 40, 2):
            runner.offer(records(offset, offset + 1))
        work.going.set()
        await become(lambda: len(work.handled) == 20, "all are handled")
        assert len([step for step, _ in subscription.steps if step.startswith("look from")]) <= 2


async def test_is_nowhere_in_a_topic_with_another_number_of_partitions() -> None:
    work, subscription = WorkOnScript(), SubscriptionInMemory()
    async with held(work, subscription, partitions=1) as runner:
        subscription.states[PARTITION.topic] = TopicState("topic-1", 2)
        (extent,) = (await subscription.extents([PARTITION])).values()
        runner.compare(extent, runner.fetched_to)
        await become(lambda: not runner.active and len(work.taken_at) >= 2, "the lane is dropped")
        runner.offer(records(0, 3))
        assert not work.handled
        subscription.states[PARTITION.topic] = TopicState("topic-1", 1)
        await become(lambda: runner.active, "it goes on once the topic is right")
