"""Sends a command so that its preconditions hold when it is decided, not only when somebody looked.

What the caller asks for becomes the version that the stream must have: the one that he names, or the one that it has
now, once that was found to do. When another command comes between, the stream is looked at again, a few times.
"""

from contracts.message import Command
from contracts.outcome import Outcome
from workers.gateway.backend import Backend
from workers.gateway.history import Kept
from workers.gateway.preconditions import Current, Preconditions
from workers.gateway.problems import Problem
from workers.gateway.request_headers import Asked

MAX_ATTEMPTS = 5
CONFLICT = "VersionConflict"

Sent = tuple[Outcome | None, Asked]
"""What became of a command, and under which ids it was sent."""


async def outcome_if(
    backend: Backend, kept: Kept, command: Command, asked: Asked, conditions: Preconditions, *, creates: bool = False
) -> Sent:
    """Send the command if the preconditions hold. `creates`: it may begin a stream, so that it is no 404 without one.

    A repeat gets the answer to the first attempt that was handled, whatever has happened to the stream since. Raises
    Problem for preconditions that do not hold, and what `Asking.outcome` raises.
    """
    if not conditions:
        return await backend.asking.outcome(command, asked), asked
    version = conditions.only_version
    if version is not None:
        outcome = await backend.asking.outcome(command, asked, version)
        if _is_conflict(outcome) and not creates:
            _require(await current(backend, kept, command.stream_id), kept, command.stream_id)
        return outcome, asked
    for attempt in range(MAX_ATTEMPTS):
        this = asked.attempt(attempt)
        outcome = await backend.asking.stored(this.command_id, command) if this.may_be_repeat else None
        if outcome is None:
            now = await current(backend, kept, command.stream_id)
            check(conditions, now, kept, command.stream_id, creates=creates)
            outcome = await backend.asking.outcome(command, this, now.version)
        if not _is_conflict(outcome):
            break
    return outcome, this


async def current(backend: Backend, kept: Kept, stream_id: str) -> Current:
    """A stream as the event table has it. Raises Unavailable."""
    version, last = await backend.archive.end(kept.context, stream_id)
    return Current(version, exists=last is not None and last != kept.ended_by)


def check(conditions: Preconditions, now: Current, kept: Kept, stream_id: str, *, creates: bool = False) -> None:
    """Raises Problem when they do not hold; that the stream is not there goes before, as it would without them."""
    if not creates:
        _require(now, kept, stream_id)
    if not conditions.hold_for(now):
        found = f"{kept.noun} is at version {now.version}" if now.exists else f"{kept.noun} is not there"
        detail = f"The precondition does not hold: {found}."
        raise Problem(412, CONFLICT, detail, extensions={"details": {"actual": now.version}})


def _require(now: Current, kept: Kept, stream_id: str) -> None:
    if not now.exists:
        raise Problem(404, kept.not_found, f"There is no {kept.noun.removeprefix('the ')} {stream_id}.")


def _is_conflict(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.error is not None and outcome.error.code == CONFLICT
