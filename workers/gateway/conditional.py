"""Sends a command so that its preconditions hold when it is decided, not only when they were checked.

The preconditions become the version that the stream must have: the version that the caller names, or the present one,
if it meets them. If another command comes in between, the check is repeated, a few times.
"""

from contracts.message import Command
from contracts.outcome import Outcome
from workers.gateway.backend import Backend
from workers.gateway.kept import Kept
from workers.gateway.preconditions import Current, Preconditions
from workers.gateway.problems import Problem
from workers.gateway.request_headers import RequestMetadata

MAX_ATTEMPTS = 5
CONFLICT = "VersionConflict"

Sent = tuple[Outcome | None, RequestMetadata]
"""The outcome of a command, and the metadata with which it was sent."""


async def outcome_if(
    backend: Backend,
    kept: Kept,
    command: Command,
    metadata: RequestMetadata,
    conditions: Preconditions,
    *,
    creates: bool = False,
) -> Sent:
    """Send the command if the preconditions hold. `creates`: the command may begin a stream, so a missing one is no
    404.

    A repeat gets the outcome of the first attempt that was handled, whatever has happened to the stream since. Raises
    Problem for preconditions that do not hold or a caller who may not, and what `CommandDispatcher.outcome` raises.
    """
    await backend.guard.require_command(metadata.principal, kept, command, creates=creates)
    if not conditions:
        return await backend.dispatcher.outcome(command, metadata), metadata
    version = conditions.only_version
    if version is not None:
        outcome = await backend.dispatcher.outcome(command, metadata, version)
        if _is_conflict(outcome) and not creates:
            _require(await current(backend, kept, command.stream_id), kept, command.stream_id)
        return outcome, metadata
    for attempt in range(MAX_ATTEMPTS):
        sent = metadata.attempt(attempt)
        outcome = await backend.dispatcher.earlier(sent.command_id, command) if sent.may_be_repeat else None
        if outcome is None:
            now = await current(backend, kept, command.stream_id)
            check(conditions, now, kept, command.stream_id, creates=creates)
            outcome = await backend.dispatcher.outcome(command, sent, now.version)
        if not _is_conflict(outcome):
            break
    return outcome, sent


async def current(backend: Backend, kept: Kept, stream_id: str) -> Current:
    """The state of a stream in the event table. Raises Unavailable."""
    version, last = await backend.archive.end(kept.context, stream_id)
    return Current(version, exists=last is not None and last != kept.ended_by)


def check(conditions: Preconditions, now: Current, kept: Kept, stream_id: str, *, creates: bool = False) -> None:
    """Check the preconditions. Raises Problem: 404 first, if the stream does not exist, else 412 if they do not
    hold.
    """
    if not creates:
        _require(now, kept, stream_id)
    if not conditions.hold_for(now):
        state = f"{kept.noun} is at version {now.version}" if now.exists else f"{kept.noun} does not exist"
        detail = f"The precondition does not hold: {state}."
        raise Problem(412, CONFLICT, detail, extensions={"details": {"actual": now.version}})


def _require(now: Current, kept: Kept, stream_id: str) -> None:
    if not now.exists:
        raise Problem(404, kept.not_found, f"There is no {kept.noun.removeprefix('the ')} {stream_id}.")


def _is_conflict(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.error is not None and outcome.error.code == CONFLICT
