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
from workers.gateway.backend import Backend
from workers.gateway.cards import CHANGES
from workers.gateway.history import Kept, problems_of
from workers.gateway.problems import Problem
from workers.gateway.request_headers import Asked, Asking, ExpectedVersion
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
        stream_id: Annotated[Identifier, Path(alias=kept.parameter)], asked: Asking, expected: ExpectedVersion
    ) -> Response:
        if (known := await _known(backend, asked)) is not None:
            return known
        with problems_of(kept):
            history = await backend.archive.until(kept.context, stream_id)
        command = undo(history)
        if isinstance(command, Rejection) or expected not in {None, history[-1].stream_version}:
            # Perhaps the first request came through since this one looked.
            if (known := await _known(backend, asked)) is not None:
                return known
            raise _refused(command, history, expected)
        version, cause = history[-1].stream_version, undone(undo, history, command).event_id
        outcome = await backend.asking.outcome(command, asked, version, cause)
        return answer(outcome, command, asked)


async def _known(backend: Backend, asked: Asked) -> Response | None:
    """The answer to an earlier request under the same key."""
    outcome = await backend.asking.stored(asked.command_id) if asked.may_be_repeat else None
    return None if outcome is None else known_answer(outcome)


def _refused(command: Command | Rejection, history: Sequence[Recorded], expected: int | None) -> Problem:
    version = history[-1].stream_version
    if expected not in {None, version}:
        details = {"expected": expected, "actual": version}
        detail = f"the stream is at version {version}, not {expected}"
        return Problem(412, "VersionConflict", detail, extensions={"details": details})
    assert isinstance(command, Rejection)
    extensions = {} if command.details is None else {"details": command.details}
    return Problem(status_of(command.code), command.code, command.message, extensions=extensions)
