"""Puts the records of one partition into the order of their sequences. Does no I/O; `OrderedLog` does.

A log has each sequence at least once: 1, 2, 3 … It may have one again (a paused worker has appended a duplicate), and
one may come late: what the broker had lost is appended behind the end by `annals verify --repair`. So a record whose
sequence has been passed is dropped, and behind a gap the later records are held back, the lowest `most_held` of them.
What does not fit is read again later: from `_unkept` on, once the missing events have come.
"""

from typing import Generic, NamedTuple, TypeVar

MAX_HELD_EVENTS = 1_000
MAX_HELD_BYTES = 16 * 1_048_576
"""How much of one partition is held back in memory at most."""

T = TypeVar("T")


class ReadPosition(NamedTuple):
    """Where to go on in a partition: the last sequence that was read (0: none, begin at the offset), next offset."""

    sequence: int
    offset: int


class Ready(NamedTuple, Generic[T]):
    """An item whose turn it is, and where to go on behind it."""

    item: T
    position: ReadPosition


class _Held(NamedTuple, Generic[T]):
    item: T
    offset: int
    size_bytes: int


class PartitionOrder(Generic[T]):
    """The order of one partition, read from `position` on, which stands at `offset` in the log as it is now."""

    def __init__(
        self,
        position: ReadPosition,
        offset: int,
        *,
        most_held: int = MAX_HELD_EVENTS,
        most_held_bytes: int = MAX_HELD_BYTES,
    ) -> None:
        self._sequence = position.sequence
        # The caller begins at this offset: earlier events are not asked for.
        self._begins_here = position.offset > 0 and not position.sequence
        self._next_offset = offset
        self._most_held = most_held
        self._most_held_bytes = most_held_bytes
        self._held: dict[int, _Held[T]] = {}
        self._held_bytes = 0
        self._highest = 0
        self._unkept: int | None = None
        self._has_gone_on = False
        self._is_behind_a_gap = False
        self._looked_back_for = 0

    @property
    def sequence(self) -> int:
        """The last one whose turn has come."""
        return self._sequence

    @property
    def position(self) -> ReadPosition:
        """Where a reader that has handled all that was ready goes on: not behind the first record that is held back."""
        return ReadPosition(self._sequence, self._first_unread())

    @property
    def missing(self) -> tuple[int, int] | None:
        """The first and the last sequence that a gap lacks; None: nothing is held back."""
        return (self._sequence + 1, min(self._held) - 1) if self._held else None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is missing and nothing is to be read again."""
        return not self._held and self._unkept is None

    def skip(self, offset: int) -> None:
        """The record there is no event."""
        self._next_offset = offset + 1

    def read(self, sequence: int, offset: int, size_bytes: int, item: T) -> list[Ready[T]]:
        """Take a record; returns what is ready by it, in order. Call `rewind` before the next record."""
        self._next_offset = offset + 1
        if self._begins_here:
            self._begins_here, self._sequence = False, sequence - 1
        if sequence <= self._sequence:
            return []
        if sequence > self._sequence + 1:
            self._hold_back(sequence, _Held(item, offset, size_bytes))
            return []
        self._sequence, self._has_gone_on, self._is_behind_a_gap = sequence, True, False
        if not self._held:
            return [Ready(item, self.position)]
        return self._with_held([Ready(item, ReadPosition(sequence, self._first_unread()))])

    def pass_over(self) -> list[Ready[T]]:
        """Go on behind the gap without what is missing; returns what was held back behind it."""
        assert self._held, "there is a gap"
        self._sequence, self._has_gone_on = min(self._held) - 1, True
        return self._with_held([])

    def rewind(self, *, at_end: bool = False) -> int | None:
        """The offset to read again from, now that missing events have come and others behind them were not kept; None:
        read on. Missing events come one after the other, so not before the first other record. `at_end`: there are no
        more records.
        """
        if self._unkept is None or not self._has_gone_on or not (at_end or self._is_behind_a_gap):
            return None
        offset, self._unkept, self._has_gone_on = self._unkept, None, False
        return offset

    def look_back(self) -> bool:
        """Whether to read again from the first record on: once for each record that shows a gap. The topic may have
        been made anew, so that the offset of the position meant nothing.
        """
        lowest = min(self._held, default=0)
        if lowest == self._looked_back_for:
            return False
        self._looked_back_for = lowest
        return True

    def _hold_back(self, sequence: int, record: _Held[T]) -> None:
        self._is_behind_a_gap = True
        if sequence in self._held:
            return
        if self._held and sequence > self._highest and self._is_full(record.size_bytes):
            self._unkept = record.offset if self._unkept is None else min(self._unkept, record.offset)
            return
        self._held[sequence] = record
        self._held_bytes += record.size_bytes
        while len(self._held) > 1 and self._is_full(0):
            self._give_up(max(self._held))
        self._highest = max(self._held)

    def _is_full(self, more_bytes: int) -> bool:
        count = len(self._held) + (1 if more_bytes else 0)
        return count > self._most_held or self._held_bytes + more_bytes > self._most_held_bytes

    def _give_up(self, sequence: int) -> None:
        record = self._held.pop(sequence)
        self._held_bytes -= record.size_bytes
        self._unkept = record.offset if self._unkept is None else min(self._unkept, record.offset)

    def _with_held(self, ready: list[Ready[T]]) -> list[Ready[T]]:
        """And what was held back and follows. The offset of all but the last is one that is early enough for each."""
        early = self._first_unread()
        while (record := self._held.pop(self._sequence + 1, None)) is not None:
            self._sequence += 1
            self._held_bytes -= record.size_bytes
            ready.append(Ready(record.item, ReadPosition(self._sequence, early)))
        if ready:
            ready[-1] = Ready(ready[-1].item, self.position)
        return ready

    def _first_unread(self) -> int:
        if not self._held and self._unkept is None:
            return self._next_offset
        offsets = [record.offset for record in self._held.values()]
        return min(self._next_offset, *offsets, *([] if self._unkept is None else [self._unkept]))
