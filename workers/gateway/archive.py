"""Reads the past from the event table, so that nothing it says lags behind; bounded in time, length and number."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from contracts.catalogue import stored_events
from contracts.envelope import MalformedMessage
from workers.core.folding import fold
from workers.core.projection import Document, Projection
from workers.core.recorded import Recorded, flattened
from workers.gateway.problems import Problem
from workers.history.points import Point
from workers.history.reading import NoSuchStream, TooLong, events_until
from workers.lanes.recorded_rows import recorded_row
from workers.ports.event_store import EventRow
from workers.ports.history import Cause, Correlated, History
from workers.ports.lanes import Unavailable

ANSWER_SECONDS = 8.0
# Of the connections that the gateway has for reading, so many may be busy with the past.
MAX_CONCURRENT = 4
MAX_EVENTS_READ = 50_000
MAX_ROWS_CORRELATED = 5000

Answer = TypeVar("Answer")


class EventPage(NamedTuple):
    """Events in order, what caused their commands (by command id), and whether more follow."""

    events: Sequence[EventRow]
    causes: Mapping[str, Cause]
    more: bool


class Archive:
    """The gateway's way to the past. Every method raises Unavailable when there is no answer in time."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._places = asyncio.Semaphore(MAX_CONCURRENT)

    async def page(self, context: str, stream_id: str, after: int, limit: int) -> EventPage:
        """At most `limit` events after the version `after`. Raises NoSuchStream."""

        async def ask() -> EventPage:
            rows = await self._history.stream_after(context, stream_id, after, limit + 1)
            if not rows and not (after and await self._history.stream_after(context, stream_id, 0, 1)):
                raise NoSuchStream(context, stream_id)
            causes = await self._history.causes(context, stream_id, sorted({row.command_id for row in rows[:limit]}))
            return EventPage(rows[:limit], causes, len(rows) > limit)

        return await self._answer(ask)

    async def end(self, context: str, stream_id: str) -> tuple[int, str | None]:
        """The version of a stream and the bare type of its last event; 0 and None for one that does not exist."""
        return await self._answer(lambda: self._history.stream_end(context, stream_id)) or (0, None)

    async def until(self, context: str, stream_id: str, point: Point | None = None) -> list[Recorded]:
        """A stream's events up to a point (None: all), at least one. Raises NoSuchPast or Problem."""
        rows = await self._answer(lambda: events_until(self._history, context, stream_id, point, MAX_EVENTS_READ))
        try:
            return await asyncio.to_thread(_recorded, rows)  # they may be many: the loop must go on meanwhile
        except MalformedMessage as error:
            detail = f"A newer version of Annals has written to this stream: {error.explanation}. Update the gateway."
            raise Problem(503, "UnknownEvent", detail) from error

    async def document(
        self, projection: Projection, stream_id: str, point: Point
    ) -> tuple[Document | None, Sequence[Recorded]]:
        """What a read model showed of a stream at a point, None for one that was deleted by then, and the events that
        it was folded from. Raises NoSuchPast or Problem.
        """
        events = await self.until(projection.context, stream_id, point)
        document: Document | None = await asyncio.to_thread(fold, projection, events)
        return document, events

    async def lives(self, projection: Projection, stream_id: str) -> bool:
        """Whether a stream leads to a document by now. It does too when our code cannot tell. Raises Unavailable or
        Problem.
        """
        try:
            events = await self.until(projection.context, stream_id)
        except NoSuchStream:
            return False
        except TooLong:
            return True
        return await asyncio.to_thread(_leads_to_a_document, projection, events)

    async def actor(self, context: str, stream_id: str, command_id: str) -> str | None:
        """Who sent a command that was handled; None: nobody who is known."""
        causes = await self._answer(lambda: self._history.causes(context, stream_id, [command_id]))
        return causes[command_id].actor if command_id in causes else None

    async def correlated(self, correlation_id: str) -> Correlated:
        """All that shares a correlation id, so much of each kind."""
        return await self._answer(lambda: self._history.correlated(correlation_id, MAX_ROWS_CORRELATED))

    async def _answer(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._places:
                return await ask()
        except TimeoutError as error:
            raise Unavailable("Postgres", "no answer in time") from error


def _recorded(rows: Sequence[EventRow]) -> list[Recorded]:
    models = stored_events()
    return list(flattened(recorded_row(row, models) for row in rows))


def _leads_to_a_document(projection: Projection, events: Sequence[Recorded]) -> bool:
    try:
        return fold(projection, events) is not None
    except Exception:  # noqa: BLE001  # a bug in a projection: the read model has the stream parked, and is behind
        return True
