"""The history of any stream over HTTP, for the routes of the contexts: its events, and its card at a point.

Each event tells who caused it, when and why. The answers come from the event table, not from a read model: they are as
recent as the last outcome.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from contracts.envelope import rfc3339
from contracts.fields import Identifier
from workers.core.access import Read
from workers.core.projection import Document, Projection
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.cards import DEFAULT_PAGE, Limit
from workers.gateway.kept import Kept
from workers.gateway.problems import Problem, described, invalid
from workers.gateway.seen import Seen
from workers.history.points import MAX_VERSION, NoPoint, Point, point_of
from workers.history.reading import NoSuchPast, TooLong, VersionNotReached
from workers.ports.event_store import EventRow
from workers.ports.history import Cause


class EventCause(BaseModel):
    """Why a command came: a `request` of somebody's own accord, a `saga`'s step, or in consequence of another
    `message`, whose id this is; `unknown` for one whose outcome is not kept.
    """

    kind: Literal["request", "saga", "message", "unknown"]
    id: str = Field(description="The command's causation id.")
    saga: str | None = None
    instance_id: str | None = None
    step: str | None = None


class PastEvent(BaseModel):
    """One event: who, when, why, and its fields."""

    event_id: str
    type: str
    stream_version: int
    recorded_at: datetime
    actor: str | None
    command_id: str
    command_type: str | None
    correlation_id: str
    cause: EventCause
    data: dict[str, Any] = Field(description="The event's fields.")


class HistoryPage(BaseModel):
    """Events, the oldest first. `cursor` continues after them; null at the end, as it is now."""

    events: list[PastEvent]
    cursor: str | None


def add_history(router: APIRouter, backend: Backend, kept: Kept) -> None:
    """Add the route of a stream's events."""

    @router.get(
        f"{kept.path}/history",
        summary=f"All that happened to {kept.noun}",
        name=f"history_of_{kept.context}",
        response_model=HistoryPage,
        responses=described(404, 422, 503),
    )
    async def history(
        stream_id: Annotated[Identifier, Path(alias=kept.parameter)],
        asker: Asker,
        limit: Limit = DEFAULT_PAGE,
        cursor: Annotated[
            str | None, Query(description="The cursor of the page before.", pattern="^[0-9]{1,18}$")
        ] = None,
    ) -> Response:
        await backend.guard.require_stream(asker, kept, Read.HISTORY, stream_id)
        with problems_of(kept):
            page = await backend.archive.page(kept.context, stream_id, int(cursor or 0), limit)
        events = [_told(row, page.causes.get(row.command_id)) for row in page.events]
        following = str(page.events[-1].stream_version) if page.more else None
        return Response(orjson.dumps({"events": events, "cursor": following}), media_type="application/json")


def _told(row: EventRow, cause: Cause | None) -> dict[str, Any]:
    return {
        "event_id": row.event_id,
        "type": f"{row.context}.{row.type}.v{row.schema_version}",
        "stream_version": row.stream_version,
        "recorded_at": rfc3339(row.recorded_at),
        "actor": row.actor,
        "command_id": row.command_id,
        "command_type": cause.type if cause else None,
        "correlation_id": row.correlation_id,
        "cause": _why(row, cause),
        "data": orjson.Fragment(row.data),
    }


def _why(row: EventRow, cause: Cause | None) -> dict[str, Any]:
    if cause is None:
        return {"kind": "unknown", "id": row.command_id}
    if cause.saga is not None:
        step = {"saga": cause.saga, "instance_id": cause.instance_id, "step": cause.step}
        return {"kind": "saga", "id": cause.causation_id} | step
    kind = "request" if cause.causation_id == cause.command_id else "message"
    return {"kind": kind, "id": cause.causation_id}


async def point_in_query(
    at: Annotated[
        str | None,
        Query(
            description="As it was at this version, or at this time (RFC 3339).",
            json_schema_extra={
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": MAX_VERSION},
                    {"type": "string", "format": "date-time"},
                ]
            },
        ),
    ] = None,
) -> Point | None:
    """The dependency of queries for one document that can show an earlier state."""
    try:
        point = None if at is None else point_of(at)
    except NoPoint as error:
        raise _no_point() from error
    if point == 0:
        raise _no_point()
    return point


At = Annotated[Point | None, Depends(point_in_query)]


def _no_point() -> Problem:
    message = "must be a version, from 1, or a time with its zone, such as 2026-01-31T12:00:00Z"
    return invalid(f"The parameter at {message}.", [{"field": "at", "message": message}])


class PastCard(NamedTuple):
    """A card as it was. `moment` is the requested time, or that of the requested version."""

    document: Document
    moment: datetime


async def document_at(
    backend: Backend, kept: Kept, projection: Projection, stream_id: str, seen: Seen, at: Point | None
) -> Document | None:
    """The card as it was at a point, or (without one) as the read model has it now, None when there is none.

    Raises Problem when there was no card at that point, or the read model is behind; Unavailable.
    """
    if at is None:
        return await backend.queries.document(projection, stream_id, seen)
    return (await past_card(backend, kept, projection, stream_id, at)).document


async def past_card(backend: Backend, kept: Kept, projection: Projection, stream_id: str, at: Point) -> PastCard:
    """The card of a stream at a point. Raises Problem when there was none then, Unavailable."""
    with problems_of(kept):
        document, events = await backend.archive.document(projection, stream_id, at)
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(events[-1].recorded_at)
    if document is None:
        last = events[-1]
        detail = f"At that point {kept.noun} {stream_id} was gone: {last.event.name} at {last.recorded_at}."
        raise Problem(404, kept.not_found, detail)
    return PastCard(document, moment)


@contextmanager
def problems_of(kept: Kept) -> Iterator[None]:
    """Turn `NoSuchPast` into problems with the codes of the context."""
    try:
        yield
    except VersionNotReached as error:
        extensions = {"version": error.version, "last_version": error.last}
        raise Problem(404, "VersionNotFound", str(error), extensions=extensions) from error
    except TooLong as error:
        raise Problem(422, "HistoryTooLong", str(error)) from error
    except NoSuchPast as error:
        raise Problem(404, kept.not_found, str(error)) from error
