"""`POST .../undo`: takes back a stream's last change by an ordinary command, with an event and a cause of its own.

The command is made from the stream's history, and refused with 412 when another one came between. A repeat under an
Idempotency-Key gets the first outcome, whatever has happened to the stream since.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Response

from contracts.fields import Identifier
from contracts.message import Command
from contracts.outcome import Outcome
from workers.core.decider import Rejection
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.gateway.answers import answer, known_answer, status_of
from workers.gateway.asking import KeyReused
from workers.gateway.backend import Backend
from workers.gateway.cards import CHANGES
from workers.gateway.conditional import check
from workers.gateway.history import Kept, problems_of
from workers.gateway.preconditions import Current, Preconditions
from workers.gateway.problems import Problem
from workers.gateway.request_headers import Asked, Asking, Conditions
from workers.history.undone import undone


def add_undo(router: APIRouter, backend: Backend, kept: Kept) -> None:
    """Add the route that takes back a stream's last change, for a context that can."""
    undo = contexts()[kept.context].undo
    assert undo is not None, f"the context {kept.context} has no undo"

    @router.post(
        f"{kept.path}/undo",
        summary=f"Take back the last change of {kept.noun}",
        name=f"undo_of_{kept.context}",
        response_model=Outcome,
        responses=CHANGES,
    )
    async def undo_last(
        stream_id: Annotated[Identifier, Path(alias=kept.parameter)], asked: Asking, conditions: Conditions
    ) -> Response:
        if (known := await _known(backend, asked)) is not None:
            return known
        with problems_of(kept):
            history = await backend.archive.until(kept.context, stream_id)
        command = undo(history)
        try:
            _check(command, history, kept, conditions)
        except Problem:
            # Perhaps the first request came through since this one looked.
            if (known := await _known(backend, asked)) is not None:
                return known
            raise
        assert not isinstance(command, Rejection)
        version, cause = history[-1].stream_version, undone(undo, history, command).event_id
        try:
            outcome = await backend.asking.outcome(command, asked, version, cause)
        except KeyReused:
            # The first request found another history, and so made another command.
            if (known := await _known(backend, asked)) is not None:
                return known
            raise
        return answer(outcome, command, asked)


async def _known(backend: Backend, asked: Asked) -> Response | None:
    """The answer to an earlier request under the same key."""
    outcome = await backend.asking.stored(asked.command_id) if asked.may_be_repeat else None
    return None if outcome is None else known_answer(outcome)


def _check(command: Command | Rejection, history: Sequence[Recorded], kept: Kept, conditions: Preconditions) -> None:
    """Raises Problem when there is nothing to undo, or the preconditions do not hold for this history."""
    last = history[-1]
    now = Current(last.stream_version, exists=last.event.name != kept.ended_by)
    if conditions and now.exists:
        check(conditions, now, kept, last.stream_id)
    if isinstance(command, Rejection):
        extensions = {} if command.details is None else {"details": command.details}
        raise Problem(status_of(command.code), command.code, command.message, extensions=extensions)
