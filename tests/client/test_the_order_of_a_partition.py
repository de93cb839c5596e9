"""Whatever duplicates, gaps and repairs a log has: each event comes once, in order, and little is kept in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from contracts.client.event_order import PartitionOrder, ReadPosition, Ready

MOST_HELD = 4
ITEM_BYTES = 10


@dataclass
class Reading:
    """Reads a log, which is a list of sequences (0: no event), to its end, as `OrderedLog` would."""

    log: list[int]
    position: ReadPosition = ReadPosition(0, 0)
    given: list[int] = field(default_factory=list)
    reads: int = 0

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Again, from what is stored."""
        self.at = self.position.offset
        self.order: PartitionOrder[int] = PartitionOrder(
            self.position, self.at, most_held=MOST_HELD, most_held_bytes=1000
        )

    def to_the_end(self, *, most: int | None = None) -> bool:
        """Whether the end was reached before `most` events were given; then the reader was killed behind the last."""
        while True:
            while self.at < len(self.log):
                sequence, offset = self.log[self.at], self.at
                self.at += 1
                self.reads += 1
                if not sequence:
                    self.order.skip(offset)
                    continue
                ready = self.order.read(sequence, offset, ITEM_BYTES, sequence)
                self._rewind(at_end=False)
                if not self._took(ready, most):
                    return False
                assert len(self.order._held) <= MOST_HELD
            if self._rewind(at_end=True):
                continue
            if not self.order.is_settled and self.order.look_back():
                self.at = 0
            else:
                return True

    def _rewind(self, *, at_end: bool) -> bool:
        rewound = self.order.rewind(at_end=at_end)
        self.at = self.at if rewound is None else rewound
        return rewound is not None

    def _took(self, ready: Sequence[Ready[int]], most: int | None) -> bool:
        for item, position in ready:
            self.given.append(item)
            self.position = position
            if most is not None and len(self.given) >= most:
                return False
        return True


@st.composite
def logs(draw: st.DrawFn) -> tuple[int, list[int]]:
    """The number of events, and a log that has each of them at least once."""
    count = draw(st.integers(1, 40))
    late = draw(st.sets(st.integers(1, count)))
    log = [sequence for sequence in range(1, count + 1) if sequence not in late]
    # Repairs append their holes in ascending order; two of them may overlap, and a later one may come first.
    for part in draw(st.permutations([sorted(late)[start::2] for start in (0, 1)])):
        log += part
    for _ in range(draw(st.integers(0, 10))):
        log.insert(draw(st.integers(0, len(log))), draw(st.sampled_from([0, *log])))
    # What stands in the log before its event was published is a duplicate of it, so each is at its place or later.
    return count, log


@given(logs())
def test_each_event_is_given_once_and_in_order(drawn: tuple[int, list[int]]) -> None:
    count, log = drawn
    reading = Reading(log)
    assert reading.to_the_end()
    assert reading.given == list(range(1, count + 1))
    assert reading.order.is_settled
    assert reading.order.position == ReadPosition(count, len(log))


@given(logs(), st.data())
def test_a_reader_that_is_killed_anywhere_goes_on_from_its_position(
    drawn: tuple[int, list[int]], data: st.DataObject
) -> None:
    count, log = drawn
    reading = Reading(log)
    while not reading.to_the_end(most=len(reading.given) + data.draw(st.integers(1, 10))):
        reading.begin()
    assert reading.given == list(range(1, count + 1))


@given(logs(), st.data())
def test_a_reader_gets_what_is_repaired_whether_it_was_before_at_or_behind_the_gap(
    drawn: tuple[int, list[int]], data: st.DataObject
) -> None:
    count, log = drawn
    reading = Reading(log[: data.draw(st.integers(0, len(log)))])
    reading.to_the_end()
    if data.draw(st.booleans()):
        reading.begin()
    reading.log = log
    reading.to_the_end()
    assert reading.given == list(range(1, count + 1))


def test_a_long_repair_behind_a_long_log_is_read_a_few_times_and_not_for_each_event() -> None:
    lost = range(100, 2_000)
    log = [sequence for sequence in range(1, 10_000) if sequence not in lost] + list(lost)
    reading = Reading(log)
    assert reading.to_the_end()
    assert reading.given == list(range(1, 10_000))
    assert reading.reads < 4 * len(log)


def test_a_forged_record_of_a_far_future_holds_back_nothing_but_itself() -> None:
    reading = Reading([1, 2, 10**12, 3, 4])
    reading.to_the_end()
    assert reading.given == [1, 2, 3, 4]
    assert reading.order.missing == (5, 10**12 - 1)
    assert reading.order.position == ReadPosition(4, 2)
    reading.log += [5, 6]
    reads = reading.reads
    reading.to_the_end()
    assert reading.given == [1, 2, 3, 4, 5, 6]
    assert reading.reads == reads + 2, "the log is not read again for the same record"


def test_what_is_held_back_follows_when_the_caller_goes_on() -> None:
    reading = Reading([1, 4, 5, 8])
    reading.to_the_end()
    assert reading.order.missing == (2, 3)
    assert reading.order.pass_over() == [Ready(4, ReadPosition(4, 1)), Ready(5, ReadPosition(5, 3))]
    assert reading.order.missing == (6, 7)


def test_large_events_are_held_back_by_their_bytes() -> None:
    order: PartitionOrder[int] = PartitionOrder(ReadPosition(0, 0), 0, most_held=100, most_held_bytes=1000)
    for sequence in range(2, 10):
        order.read(sequence, sequence, 400, sequence)
    assert sorted(order._held) == [2, 3]
    assert [item for item, _ in order.read(1, 10, 400, 1)] == [1, 2, 3]
    assert order.rewind(at_end=True) == 4


def test_a_reader_that_begins_at_an_offset_has_no_gap_before_it() -> None:
    order: PartitionOrder[str] = PartitionOrder(ReadPosition(0, 700), 700)
    assert order.read(690, 700, 1, "here") == [Ready("here", ReadPosition(690, 701))]
    assert order.read(689, 701, 1, "late") == []
