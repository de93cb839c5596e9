"""Reads the history of a stream page by page, and no further than requested.

Readers show it, fold it, or take back its last change. The events come from the table, so nothing lags behind.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from itertools import takewhile

from workers.history.points import Point, is_within
from workers.ports.event_store import EventRow
from workers.ports.history import StreamReader

PAGE_EVENTS = 1000


class NoSuchPast(Exception):
    """The stream has no events at the requested point. The subclasses tell why."""


class NoSuchStream(NoSuchPast):
    """The stream has no events at all."""

    def __init__(self, context: str, stream_id: str) -> None:
        super().__init__(f"There is no stream {context}/{stream_id}.")


class VersionNotReached(NoSuchPast):
    """The stream has fewer events than the requested version; `last` is its latest version. None: version 0 was
    requested.
    """

    def __init__(self, context: str, stream_id: str, version: int, last: int | None) -> None:
        versions = "versions that begin with 1" if last is None else f"the versions 1 to {last}"
        super().__init__(f"{context}/{stream_id} has {versions}, not {version}.")
        self.version = version
        self.last = last


class BeganLater(NoSuchPast):
    """The stream had no events yet at the requested time."""

    def __init__(self, context: str, stream_id: str, first: EventRow) -> None:
        super().__init__(f"{context}/{stream_id} began later, at {first.recorded_at.isoformat()}.")
        self.began_at = first.recorded_at


class TooLong(NoSuchPast):
    """The stream has more events up to the requested point than may be read at once."""

    def __init__(self, context: str, stream_id: str, most: int) -> None:
        super().__init__(f"{context}/{stream_id} has more than {most} events up to there, too many to read at once.")
        self.most = most


async def pages(streams: StreamReader, context: str, stream_id: str) -> AsyncIterator[Sequence[EventRow]]:
    """The events of a stream in order, page by page; no pages if it does not exist. Raises Unavailable."""
    version = 0
    while rows := await streams.stream_after(context, stream_id, version, PAGE_EVENTS):
        yield rows
        if len(rows) < PAGE_EVENTS:
            return
        version = rows[-1].stream_version


async def events_until(
    streams: StreamReader, context: str, stream_id: str, point: Point | None = None, most: int | None = None
) -> list[EventRow]:
    """The events of a stream up to a point (None: all), at least one and at most `most`. Raises NoSuchPast or
    Unavailable.

    The events of a stream are in the order of their lane: all events after the first one that is too late are too late,
    even if a clock was set back meanwhile.
    """
    events: list[EventRow] = []
    async for rows in pages(streams, context, stream_id):
        within = rows if point is None else list(takewhile(partial(is_within, point=point), rows))
        events += within
        if not events and isinstance(point, datetime):
            raise BeganLater(context, stream_id, rows[0])
        if not events:
            raise VersionNotReached(context, stream_id, 0, None)
        if most is not None and len(events) > most:
            raise TooLong(context, stream_id, most)
        if len(within) < len(rows):
            return events
    if not events:
        raise NoSuchStream(context, stream_id)
    last = events[-1].stream_version
    if isinstance(point, int) and point != last:
        raise VersionNotReached(context, stream_id, point, last)
    return events
