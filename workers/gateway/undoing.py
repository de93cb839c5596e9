"""`POST .../undo`: takes back a stream's last change (workers/operations/undo.py).

The request is refused with 412 when another change came in between. A repeat under an Idempotency-Key gets the first
outcome, whatever has happened to the stream since.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from contracts.catalogue import catalogue
from contracts.fields import Identifier
from contracts.outcome import Outcome
from workers.core.access import Read
from workers.core.context import Context
from workers.core.recorded import Recorded
from workers.gateway.answers import answer, known_answer, status_of
from workers.gateway.backend import Backend
from workers.gateway.cards import CHANGES
from workers.gateway.command_dispatcher import KeyReused, Stream
from workers.gateway.conditional import check
from workers.gateway.deprecation import note_sent
from workers.gateway.history import problems_of
from workers.gateway.kept import Kept
from workers.gateway.preconditions import Current, Preconditions
from workers.gateway.problems import Problem
from workers.gateway.request_headers import Conditions, Metadata, RequestMetadata
from workers.operations.undo import UndoCommand, UndoRejected, undo_last_change


def add_undo(router: APIRouter, backend: Backend, kept: Kept) -> None:
    """Add the route that takes back a stream's last change, for a context that can."""
    undo = backend.guard.contexts[kept.context].undo
    assert undo is not None, f"the context {kept.context} has no undo"

    @router.post(
        f"{kept.path}/undo",
        summary=f"Take back the last change of {kept.noun}",
        name=f"undo_of_{kept.context}",
        response_model=Outcome,
        responses=CHANGES,
    )
    async def undo_last(
        request: Request,
        stream_id: Annotated[Identifier, Path(alias=kept.parameter)],
        metadata: Metadata,
        conditions: Conditions,
    ) -> Response:
        await backend.guard.require_stream(metadata.principal, kept, Read.HISTORY, stream_id)
        stream = (kept.context, stream_id)
        if (earlier := await _earlier_answer(backend, request, metadata, stream)) is not None:
            return earlier

        async def load() -> Sequence[Recorded]:
            with problems_of(kept):
                return await backend.archive.until(kept.context, stream_id)

        async def send(undo_command: UndoCommand) -> Outcome | None:
            command, version, cause = undo_command
            note_sent(request, type(command))
            await backend.guard.require_command(metadata.principal, kept, command)
            return await backend.dispatcher.outcome(command, metadata, version, cause)

        try:
            command, outcome = await undo_last_change(undo, load, send, partial(_check, kept, conditions))
        except (_PreconditionFailed, UndoRejected, KeyReused) as error:
            # Perhaps the first request was handled since this one looked: then it found another history, too.
            if (earlier := await _earlier_answer(backend, request, metadata, stream)) is not None:
                return earlier
            raise _problem(error, backend.guard.contexts[kept.context]) from None
        return answer(backend.guard.contexts, outcome, command, metadata)


class _PreconditionFailed(Exception):
    """The preconditions of the request do not hold for the stream's history."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


async def _earlier_answer(
    backend: Backend, request: Request, metadata: RequestMetadata, stream: Stream
) -> Response | None:
    """The answer to an earlier request about this stream under the same key."""
    if not metadata.may_be_repeat:
        return None
    outcome = await backend.dispatcher.awaited(metadata.command_id, stream, 0)
    if outcome is None:
        return None
    if (command := catalogue().commands.get(outcome.type)) is not None:
        note_sent(request, command)
    return known_answer(backend.guard.contexts, outcome)


def _check(kept: Kept, conditions: Preconditions, history: Sequence[Recorded]) -> None:
    """Raises _PreconditionFailed when the preconditions do not hold for this history."""
    last = history[-1]
    now = Current(last.stream_version, exists=last.event.name != kept.ended_by)
    if conditions and now.exists:
        try:
            check(conditions, now, kept, last.stream_id)
        except Problem as problem:
            raise _PreconditionFailed(problem) from problem


def _problem(error: _PreconditionFailed | UndoRejected | KeyReused, context: Context) -> Problem:
    match error:
        case _PreconditionFailed():
            return error.problem
        case UndoRejected(rejection=rejection):
            extensions = {} if rejection.details is None else {"details": rejection.details}
            return Problem(status_of(context, rejection.code), rejection.code, rejection.message, extensions=extensions)
        case KeyReused():
            return error
