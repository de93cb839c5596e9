"""Lists of events that are kept in the order of a number."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from workers.ports.event_store import EventRow


def has(rows: Sequence[EventRow], number: int, key: Callable[[EventRow], int]) -> bool:
    """Whether one of the rows has this number."""
    place = bisect_left(rows, number, key=key)
    return place < len(rows) and key(rows[place]) == number


def insert(rows: list[EventRow], row: EventRow, key: Callable[[EventRow], int]) -> None:
    """Put the row in its place."""
    if not rows or key(rows[-1]) < key(row):
        rows.append(row)
    else:
        rows.insert(bisect_left(rows, key(row), key=key), row)
