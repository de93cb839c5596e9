"""The sequences that a log has left out so far: stretches of them, in order, a bounded number."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

MAX_STRETCHES = 10_000


class Stretch(NamedTuple):
    """Sequences `first` to `last`. `place` says where the record is that showed that they are missing."""

    first: int
    last: int
    place: str


class MissingSequences:
    """Grows at its end when a reader passes a gap, shrinks where a record comes late."""

    def __init__(self, max_stretches: int = MAX_STRETCHES) -> None:
        self._stretches: list[Stretch] = []
        self._max_stretches = max_stretches

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._stretches)

    def add(self, first: int, last: int, place: str) -> Stretch | None:
        """Add a stretch that lies behind all others. When there are too many, the first one is removed and returned:
        a late record of it will not be noticed.
        """
        self._stretches.append(Stretch(first, last, place))
        return self._stretches.pop(0) if len(self._stretches) > self._max_stretches else None

    def remove(self, sequence: int) -> bool:
        """A record with this sequence has come; returns whether it was missing."""
        index = bisect_right(self._stretches, sequence, key=lambda stretch: stretch.first) - 1
        if index < 0 or self._stretches[index].last < sequence:
            return False
        first, last, place = self._stretches[index]
        parts = [(first, sequence - 1), (sequence + 1, last)]
        self._stretches[index : index + 1] = [Stretch(*part, place) for part in parts if part[0] <= part[1]]
        return True
