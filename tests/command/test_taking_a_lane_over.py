"""A new owner publishes exactly what the log lacks, before anything else, whatever its predecessor has left."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED, CREATE_ADA
from infra.memory.lane_rows import LaneRow
from tests.command.installation import EVENTS, LANE, TOPICS, Installation, record
from tests.lanes.recorded_rows import event_rows
from workers.command.records import event_record
from workers.command.taking_over import LogAhead
from workers.lanes.work import Restart
from workers.ports.event_store import EventRow
from workers.ports.lanes import Fenced, Interruption, Mark, Unavailable
from workers.ports.log import OutboundRecord, PublishFailed, Tail, TopicMisfit, TopicState

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, *[ADA_MOVED_TO_TURIN] * 10)
ALL = [event_record(row) for row in ROWS]
BOB = CREATE_ADA.model_copy(update={"user_id": "bob", "email": "bob@example.org"})


def left_behind(in_log: int, mark: Mark, *after: OutboundRecord, rows: Sequence[EventRow] = ROWS) -> Installation:
    """An installation whose last owner committed all of `rows`, published the first `in_log` and had stored `mark`."""
    installation = Installation()
    installation.table.write(rows)
    installation.table.rows[LANE] = LaneRow(epoch=4, consumed=20, sequence=len(rows), mark=mark, owner="gone")
    installation.log.partitions[EVENTS, 0] = [*ALL[:in_log], *after]
    return installation


async def take_over(installation: Installation) -> int:
    lane = installation.lane()
    try:
        return await lane.acquire()
    finally:
        lane.abandon()


@given(st.integers(0, 12), st.data())
async def test_publishes_what_is_missing_and_nothing_else(in_log: int, data: st.DataObject) -> None:
    marked = data.draw(st.integers(0, in_log), label="marked")
    repeats = data.draw(st.lists(st.sampled_from(ALL[:in_log]), max_size=3) if in_log else st.just([]), label="repeats")
    installation = left_behind(in_log, Mark(marked, marked - 1), *repeats)
    assert await take_over(installation) == 20
    assert installation.published == [*ALL[:in_log], *repeats, *ALL[in_log:]]


@pytest.mark.parametrize("in_log", [0, 7, 12])
async def test_again_finds_nothing_to_do(in_log: int) -> None:
    installation = left_behind(in_log, Mark(0, -1))
    await take_over(installation)
    await take_over(installation)
    assert installation.published == ALL


async def test_is_not_deceived_by_a_late_repeat_at_the_end_of_the_log() -> None:
    installation = left_behind(12, Mark(9, 8), ALL[1])
    await take_over(installation)
    assert installation.published == [*ALL, ALL[1]]


async def test_comes_before_reading_on_and_in_a_higher_epoch() -> None:
    installation = left_behind(5, Mark(3, 2))
    await installation.handle([record(BOB, 20)])
    assert installation.journal[:2] == ["acquire", "append"]
    assert installation.journal.index("append") < installation.journal.index("commit")
    assert installation.published_sequences == list(range(1, 14))
    row = installation.table.rows[LANE]
    assert (row.epoch, row.consumed, row.sequence, row.mark, row.owner) == (5, 21, 13, Mark(13, 12), None)


@pytest.mark.parametrize("mark", [Mark(10, 9), Mark(12, 11)])
async def test_of_a_log_that_has_lost_records_fills_it(mark: Mark) -> None:
    installation = left_behind(4, mark)
    await take_over(installation)
    assert installation.published == ALL


async def test_of_a_log_that_has_lost_everything_fills_it() -> None:
    installation = left_behind(0, Mark(12, 11))
    await take_over(installation)
    assert installation.published == ALL


async def test_goes_through_a_long_gap_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.command.taking_over.REPUBLISH_BATCH_EVENTS", 5)
    installation = left_behind(1, Mark(0, -1))
    await take_over(installation)
    assert installation.published == ALL
    assert installation.journal.count("append") == 3


async def test_of_a_log_with_events_that_the_table_lacks_is_refused() -> None:
    installation = left_behind(12, Mark(3, 2), rows=ROWS[:9])
    with pytest.raises(LogAhead) as ahead:
        await take_over(installation)
    assert (ahead.value.lane, ahead.value.in_log, ahead.value.in_table) == (LANE, 12, 9)
    assert "ANNALS_TOPIC_PREFIX" in str(ahead.value), "another installation's log looks just so"
    assert installation.published == ALL, "nothing may be written into such a log"


async def test_by_an_owner_that_was_itself_overtaken_before_it_read_the_log_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation = left_behind(12, Mark(3, 2), rows=ROWS[:9])
    tail = installation.log.tail

    async def overtaken(topic: str, partition: int, from_offset: int) -> Tail:
        installation.table.rows[LANE].epoch += 1
        return await tail(topic, partition, from_offset)

    monkeypatch.setattr(installation.log, "tail", overtaken)
    with pytest.raises(Fenced):
        await take_over(installation)


async def test_asks_whether_the_lane_is_still_held_when_it_took_long_to_get_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation = left_behind(5, Mark(3, 2))
    events_after = installation.table.events_after

    async def overtaken(context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        installation.table.rows[LANE].epoch += 1
        return await events_after(context, partition, sequence, limit)

    monkeypatch.setattr(installation.table, "events_after", overtaken)
    lane = installation.lane()
    moments = iter(range(0, 1000, 10))
    lane._ports = lane._ports._replace(clock=lambda: next(moments))
    with pytest.raises(Fenced):
        await lane.acquire()
    lane.abandon()
    assert installation.published == ALL[:5], "the next owner publishes the rest"


async def test_that_fails_half_way_goes_on_where_it_stopped() -> None:
    installation = left_behind(5, Mark(3, 2))
    installation.log.fails = True
    with pytest.raises(PublishFailed):
        await take_over(installation)
    installation.log.fails = False
    installation.table.line.away = True
    with pytest.raises(Unavailable):
        await take_over(installation)
    installation.table.line.away = False
    await take_over(installation)
    assert installation.published == ALL


async def test_fills_an_event_topic_that_was_recreated_from_its_first_event_on() -> None:
    installation = left_behind(12, Mark(12, 11))
    await take_over(installation)
    row = installation.table.rows[LANE]
    row.published_topic_id, row.mark = "the former topic", Mark(12, 11)
    installation.log.states[EVENTS] = TopicState("another topic", 1)
    installation.log.partitions[EVENTS, 0] = ALL[9:]  # what its owner wrote before it noticed
    await take_over(installation)
    assert installation.published == ALL
    assert installation.table.rows[LANE].published_topic_id == "another topic"


async def test_goes_on_filling_a_new_topic_where_an_earlier_owner_ended() -> None:
    installation = left_behind(5, Mark(12, 11))
    installation.table.rows[LANE].published_topic_id = "the former topic"
    installation.log.states[EVENTS] = TopicState("another topic", 1)
    await take_over(installation)
    assert installation.published == ALL


async def test_refuses_topics_with_another_number_of_partitions() -> None:
    for topic in (EVENTS, TOPICS.replies):
        installation = left_behind(12, Mark(12, 11))
        installation.log.states[topic] = TopicState("", 7)
        with pytest.raises(TopicMisfit, match="annals topics recreate") as refused:
            await take_over(installation)
        assert (refused.value.topic, refused.value.partitions, refused.value.wanted) == (topic, 7, 1)


async def test_a_lane_whose_event_topic_was_recreated_starts_over() -> None:
    installation = left_behind(12, Mark(12, 11))
    installation.log.states[EVENTS] = TopicState("one", 1)
    lane = installation.lane()
    await lane.acquire()
    await lane.examine()
    installation.log.states[EVENTS] = TopicState("another", 1)
    with pytest.raises(Restart):
        await lane.examine()
    lane.abandon()


async def test_is_interrupted_until_an_operator_has_acknowledged_it() -> None:
    installation = left_behind(12, Mark(12, 11))
    lane, next_one = installation.lane(), installation.lane()
    await lane.acquire()
    before = lane.is_interrupted
    await lane.rebase(0, "another", Interruption("recreated", "one", "another", 20, 0, 5, None))
    assert (before, lane.is_interrupted) == (False, True)
    await next_one.acquire()
    await next_one.examine()
    was_interrupted = next_one.is_interrupted
    installation.table.table.acknowledge(LANE)
    await next_one.examine()
    assert (was_interrupted, next_one.is_interrupted) == (True, False), (
        "the next owner knows it too, and when it is over"
    )
    for owner in (lane, next_one):
        owner.abandon()


async def test_begins_where_the_owner_before_has_begun_to_read_again() -> None:
    installation = left_behind(12, Mark(12, 11))
    lane = installation.lane()
    assert await lane.acquire() == 20
    await lane.rebase(3, "another", None)
    lane.abandon()
    assert await take_over(installation) == 3
    assert installation.table.rows[LANE].topic_id == "another"
