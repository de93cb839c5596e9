"""`RecordQueue`: what was fetched comes out in order, in batches that end before a gap, and nothing comes twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lanes.work import records
from workers.lanes.queue import (
    HEADER_BYTES,
    MAX_BATCH_BYTES,
    MAX_BATCH_RECORDS,
    MAX_QUEUED_BYTES,
    MAX_QUEUED_RECORDS,
    RecordQueue,
    WentBack,
)
from workers.ports.log import InboundRecord


def offsets(read_offsets: list[InboundRecord]) -> list[int]:
    return [record.offset for record in read_offsets]


def begun(offset: int = 0, *fetches: list[InboundRecord]) -> RecordQueue:
    queue = RecordQueue()
    queue.begin(offset)
    for fetched in fetches:
        queue.extend(fetched)
    return queue


@st.composite
def fetches(draw: st.DrawFn) -> list[list[int]]:
    """Offsets as they are fetched one after another: some are left out, between fetches only."""
    offset, read_offsets = draw(st.integers(0, 5)), []
    for count, left_out in draw(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2)), max_size=8)):
        read_offsets.append(list(range(offset, offset + count)))
        offset += count + left_out
    return read_offsets


@given(fetches())
def test_come_out_in_order_and_stop_before_each_gap(fetched: list[list[int]]) -> None:
    queue = begun(0, *(records(part[0], part[-1] + 1) for part in fetched))
    assert queue.fetched_to == (fetched[-1][-1] + 1 if fetched else 0)
    read_offsets: list[int] = []
    while len(queue):
        is_gap = queue.next_offset < min(offset for part in fetched for offset in part if offset not in read_offsets)
        assert (queue.gap is not None) == is_gap
        if is_gap:
            assert queue.gap is not None
            assert queue.gap > queue.next_offset
            assert queue.next_batch() == [], "the gap was not looked into"
            queue.pass_the_gap()
        batch = queue.next_batch()
        assert offsets(batch) == list(range(batch[0].offset, batch[-1].offset + 1)), "without a gap in between"
        queue.handled(batch)
        assert queue.next_offset == batch[-1].offset + 1
        read_offsets += offsets(batch)
    assert read_offsets == [offset for part in fetched for offset in part]
    assert queue.gap is None


def test_that_were_read_before_do_not_come_again() -> None:
    queue = begun(3, records(3, 5))
    with pytest.raises(WentBack) as refused:
        queue.extend(records(4, 9))
    assert (refused.value.offset, refused.value.expected) == (4, 5)
    assert str(refused.value) == "its topic continues at offset 4 instead of 5"
    assert offsets(queue.next_batch()) == [3, 4]


def test_are_forgotten_with_their_gaps_when_the_lane_begins_again() -> None:
    queue = begun(0, records(2, 4), records(6, 8))
    queue.begin(6)
    assert (len(queue), queue.next_offset, queue.fetched_to, queue.first_timestamp) == (0, 6, 6, None)
    queue.extend(records(6, 8))
    assert queue.gap is None
    assert offsets(queue.next_batch()) == [6, 7]


def test_are_so_many_a_batch() -> None:
    queue = begun(0, records(0, MAX_BATCH_RECORDS + 1))
    assert len(queue.next_batch()) == MAX_BATCH_RECORDS
    assert len(queue.next_batch()) == 1
    assert queue.next_batch() == []


@pytest.mark.parametrize(("more", "batches"), [(0, [4, 2]), (-1, [5, 1])])
def test_are_so_large_a_batch(more: int, batches: list[int]) -> None:
    """The record that reaches the bound is its last."""
    queue = begun(0, records(0, 6, value=b"x" * (MAX_BATCH_BYTES // 4 - len(b"ada") + more)))
    assert [len(queue.next_batch()), len(queue.next_batch())] == batches


def test_weigh_what_their_headers_weigh() -> None:
    headers = [("", b"")] * (MAX_BATCH_BYTES // HEADER_BYTES)
    queue = begun(0, [record._replace(headers=headers) for record in records(0, 2)])
    assert [offsets(queue.next_batch()), offsets(queue.next_batch())] == [[0], [1]]


def test_are_full_at_a_number_of_bytes_and_have_room_below_half_of_it() -> None:
    queue = begun(0, records(0, 3, value=b"x" * (MAX_QUEUED_BYTES // 4)))
    assert (queue.is_full, queue.has_room) == (False, False)
    queue.extend(records(3, 4, value=b"x" * (MAX_QUEUED_BYTES // 4)))
    assert (queue.is_full, queue.has_room) == (True, False)
    for handled, has_room in ((1, False), (2, False), (3, True)):
        assert offsets(queue.next_batch()) == [handled - 1]
        assert (queue.is_full, queue.has_room) == (False, has_room)
    queue.extend(records(4, 7, value=b"x" * (MAX_QUEUED_BYTES // 4)))
    assert queue.is_full
    queue.begin(0)
    assert (queue.is_full, queue.has_room) == (False, True)


def test_without_a_value_weigh_nothing() -> None:
    (record,) = records(0, 1)
    queue = begun(0, [record._replace(value=None), *records(1, 2)])
    assert offsets(queue.next_batch()) == [0, 1]


def test_are_full_at_a_number_and_have_room_below_half_of_it() -> None:
    queue = begun(0, records(0, MAX_QUEUED_RECORDS - 1))
    assert (queue.is_full, queue.has_room) == (False, False)
    queue.extend(records(MAX_QUEUED_RECORDS - 1, MAX_QUEUED_RECORDS))
    assert (queue.is_full, queue.has_room) == (True, False)
    half = begun(0, records(0, MAX_QUEUED_RECORDS // 2))
    assert not half.has_room
    assert begun(0, records(0, MAX_QUEUED_RECORDS // 2 - 1)).has_room


def test_know_when_the_oldest_of_them_was_written() -> None:
    queue = begun(0, records(0, 1, timestamp=5), records(1, 2, timestamp=6))
    assert queue.first_timestamp == 5
