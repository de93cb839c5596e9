"""Reads a stream's past, a page at a time and no further than asked: for whoever shows, folds or undoes it."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from itertools import takewhile

from workers.history.points import Point, is_within
from workers.ports.event_store import EventRow
from workers.ports.history import StreamReader

PAGE_EVENTS = 1000


class NoSuchPast(Exception):
    """A stream has nothing at the point that was asked for. Its subclasses say why."""


class NoSuchStream(NoSuchPast):
    """The stream has no events at all."""

    def __init__(self, context: str, stream_id: str) -> None:
        super().__init__(f"There is no stream {context}/{stream_id}.")


class VersionNotReached(NoSuchPast):
    """The stream has fewer events; `last` is its latest version. Or the version is 0, and `last` None."""

    def __init__(self, context: str, stream_id: str, version: int, last: int | None) -> None:
        known = "versions that begin with 1" if last is None else f"the versions 1 to {last}"
        super().__init__(f"{context}/{stream_id} has {known}, not {version}.")
        self.version = version
        self.last = last


class BeganLater(NoSuchPast):
    """The stream had no events yet."""

    def __init__(self, context: str, stream_id: str, first: EventRow) -> None:
        super().__init__(f"{context}/{stream_id} began later, at {first.recorded_at.isoformat()}.")
        self.began_at = first.recorded_at


class TooLong(NoSuchPast):
    """The stream has more events up to there than may be read at once."""

    def __init__(self, context: str, stream_id: str, most: int) -> None:
        super().__init__(f"{context}/{stream_id} has more than {most} events up to there, too many to read at once.")
        self.most = most


async def pages(streams: StreamReader, context: str, stream_id: str) -> AsyncIterator[Sequence[EventRow]]:
    """A stream's events in order, page by page; none for one that does not exist. Raises Unavailable."""
    version = 0
    while rows := await streams.stream_after(context, stream_id, version, PAGE_EVENTS):
        yield rows
        if len(rows) < PAGE_EVENTS:
            return
        version = rows[-1].stream_version


async def events_until(
    streams: StreamReader, context: str, stream_id: str, point: Point | None = None, most: int | None = None
) -> list[EventRow]:
    """A stream's events up to a point (None: all there are), at least one. Raises NoSuchPast or Unavailable.

    The events of a stream are of one lane: those after the first one that is too late are too late, whatever a clock
    that was put back has made of their times.
    """
    found: list[EventRow] = []
    async for rows in pages(streams, context, stream_id):
        within = rows if point is None else list(takewhile(partial(is_within, point=point), rows))
        found += within
        if not found and isinstance(point, datetime):
            raise BeganLater(context, stream_id, rows[0])
        if not found:
            raise VersionNotReached(context, stream_id, 0, None)
        if most is not None and len(found) > most:
            raise TooLong(context, stream_id, most)
        if len(within) < len(rows):
            return found
    if not found:
        raise NoSuchStream(context, stream_id)
    last = found[-1].stream_version
    if isinstance(point, int) and point != last:
        raise VersionNotReached(context, stream_id, point, last)
    return found
