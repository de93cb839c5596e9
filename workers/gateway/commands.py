"""`GET /commands/{id}`: the stored outcome of one command, for callers that no longer wait for the reply."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from contracts.outcome import Outcome
from workers.gateway.answers import LOOK_AGAIN_SECONDS, position_headers
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.problems import Problem, described
from workers.gateway.request_headers import Prefer, wait_seconds

OfStream = Annotated[
    str | None,
    Query(
        pattern="^[a-z][a-z0-9_]*/[!-~]{1,512}$",
        description="The stream that the command is about, such as `users/<user id>`. Commands about several "
        "streams may have one id.",
    ),
]


def routes(backend: Backend) -> APIRouter:
    """The route of outcomes."""
    router = APIRouter(tags=["commands"])

    @router.get(
        "/commands/{command_id}",
        name="outcome",
        summary="The outcome of a command",
        response_model=Outcome,
        responses=described(404, 409, 422, 503),
    )
    async def outcome_of(
        command_id: Annotated[UUID, Path()], asker: Asker, stream: OfStream = None, prefer: Prefer = None
    ) -> Response:
        of_stream = None if stream is None else (stream.partition("/")[0], stream.partition("/")[2])
        outcome = await backend.dispatcher.awaited(str(command_id), of_stream, wait_seconds(prefer, otherwise=0))
        if outcome is None or not await backend.guard.may_see_outcome(asker, outcome):
            raise Problem(
                404,
                "CommandNotFound",
                f"No command {command_id} has been handled; one that was sent may still be on its way.",
                headers={"Retry-After": str(LOOK_AGAIN_SECONDS)},
            )
        return Response(outcome.shown_json(), headers=position_headers(outcome), media_type="application/json")

    return router
