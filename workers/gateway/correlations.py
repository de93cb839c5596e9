"""`GET /correlations/{id}`: the whole life of a request, over all contexts."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from workers.gateway.answers import LOOK_AGAIN_SECONDS
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.problems import Problem, described
from workers.history.document import trace_document

MAX_CORRELATION_ID_CHARACTERS = 1024


class TraceError(BaseModel):
    """Why a command was not accepted."""

    code: str
    message: str | None


class TraceStep(BaseModel):
    """The step by which a saga sent a command."""

    saga: str
    instance_id: str
    name: str
    caused_at: datetime
    decided_at: datetime


class TraceNode(BaseModel):
    """One thing that happened. Which members there are depends on `kind`.

    A `command` was handled `at`, or is `pending` (a saga has decided on it) with no time yet. An `event` was recorded
    `at`. A `saga` instance began `at`; its `type` is the saga's name, its `id` that and the instance's. A `notice` is
    what an instance received beside events: that a deadline passed, or that a step was rejected.
    """

    kind: Literal["command", "event", "saga", "notice"]
    id: str
    parent: str | None = Field(description="The id of what it follows from; null for a root.")
    depth: int = Field(description="0 for a root, one more than the parent's for the others.")
    type: str
    at: datetime | None
    context: str | None = None
    stream_id: str | None = None
    stream_version: int | None = None
    actor: str | None = None
    status: str | None = Field(
        default=None,
        description="Of a command: accepted, rejected, failed, pending, or unknown where commands were cut. Of a saga: "
        "its own.",
    )
    error: TraceError | None = None
    step: TraceStep | None = None
    instance_id: str | None = None
    updated_at: datetime | None = None
    data: dict[str, Any] | None = None


class Trace(BaseModel):
    """What is known under a correlation id, as of one moment: a tree, written as a list in the order of cause.

    Parents stand before their children, children by time. A list, because a long business transaction is a deeper tree
    than many readers of JSON will nest. Of the kinds in `cut` there is more than is shown: the earliest are.
    """

    correlation_id: str
    began_at: datetime
    ended_at: datetime
    pending: int = Field(description="Commands that sagas have decided on and that are not handled yet.")
    cut: list[Literal["commands", "events", "steps", "sagas", "notices"]]
    nodes: list[TraceNode]


def routes(backend: Backend) -> APIRouter:
    """The route of correlations."""
    router = APIRouter(tags=["correlations"])

    @router.get(
        "/correlations/{correlation_id:path}",
        summary="The whole life of a request",
        response_model=Trace,
        responses=described(404, 422, 503),
    )
    async def correlation(
        correlation_id: Annotated[
            str, Path(min_length=1, max_length=MAX_CORRELATION_ID_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]+$")
        ],
        asker: Asker,
    ) -> Response:
        correlated = backend.guard.visible(asker, await backend.archive.correlated(correlation_id))
        if correlated.is_empty:
            raise Problem(
                404,
                "CorrelationNotFound",
                "Nothing is known under this correlation id; what was sent under it may still be on its way.",
                headers={"Retry-After": str(LOOK_AGAIN_SECONDS)},
            )
        # In a thread: thousands of rows would block the event loop.
        document = await asyncio.to_thread(trace_document, correlation_id, correlated)
        return Response(orjson.dumps(document), media_type="application/json")

    return router
