"""From an outcome to a response: statuses, positions, tags.

accepted: the status that the route gives; rejected: a problem document with the outcome's code; failed: 500; no
outcome yet: 202 and where to look. A reader that has come to `X-Annals-Position` has seen the command's effect.
"""

from collections.abc import Mapping
from hashlib import sha256

import orjson
from fastapi import Response

from contracts.message import Command
from contracts.outcome import IDEMPOTENCY_KEY_REUSED, Outcome, OutcomeError
from workers.core.access import FORBIDDEN
from workers.core.context import STATUS_OF_REJECTION, Context
from workers.gateway.command_dispatcher import location_of
from workers.gateway.problems import Problem
from workers.gateway.request_headers import RequestMetadata

POSITION_HEADER = "X-Annals-Position"
LOOK_AGAIN_SECONDS = 1
DIGEST_CHARACTERS = 16

STATUS_OF_CODE: Mapping[str, int] = {
    "ValidationFailed": 422,
    "VersionConflict": 412,
    "Expired": 422,
    FORBIDDEN: 403,
    IDEMPOTENCY_KEY_REUSED: 422,
}
"""The statuses of the codes that every context has; the others are declared by the context."""


Contexts = Mapping[str, Context]


def version_tag(version: int, others: bytes = b"") -> str:
    """The entity tag of a stream's version. Unless `others` (what other streams add to the answer) is empty, it has a
    digest of that.
    """
    return f'"{version}.{sha256(others).hexdigest()[:DIGEST_CHARACTERS]}"' if others else f'"{version}"'


def answer(
    contexts: Contexts,
    outcome: Outcome | None,
    command: Command,
    metadata: RequestMetadata,
    *,
    status: int = 200,
    location: str | None = None,
    gone: bool = False,
) -> Response:
    """The response to a command. `location` is the address of its subject; `gone`: the subject no longer exists.

    Raises Problem for a command that was not accepted.
    """
    if outcome is None:
        return _pending(command, metadata)
    return known_answer(contexts, outcome, status=status, location=location, gone=gone)


def known_answer(
    contexts: Contexts, outcome: Outcome, *, status: int = 200, location: str | None = None, gone: bool = False
) -> Response:
    """The response to a command that has an outcome. Raises Problem for one that was not accepted."""
    headers = position_headers(outcome)
    if outcome.status != "accepted":
        raise _refused(contexts, outcome, headers)
    if gone:
        return Response(status_code=status, headers=headers)
    headers |= {"ETag": version_tag(outcome.stream_version), "Content-Location": location_of(outcome.command_id)}
    if location is not None:
        headers["Location"] = location
    return Response(outcome.shown_json(), status, headers, media_type="application/json")


def position_headers(outcome: Outcome) -> dict[str, str]:
    """The position after a command, as `<context>:<partition>:<sequence>`."""
    context = outcome.type.split(".", 1)[0]
    return {POSITION_HEADER: f"{context}:{outcome.partition}:{outcome.sequence}"}


def _pending(command: Command, metadata: RequestMetadata) -> Response:
    content = {
        "command_id": metadata.command_id,
        "type": command.type,
        "status": "pending",
        "stream_id": command.stream_id,
        "correlation_id": metadata.correlation_id,
    }
    headers = {"Location": location_of(metadata.command_id), "Retry-After": str(LOOK_AGAIN_SECONDS)}
    return Response(orjson.dumps(content), 202, headers, media_type="application/json")


def _refused(contexts: Contexts, outcome: Outcome, headers: Mapping[str, str]) -> Problem:
    error = outcome.error or OutcomeError(code="Unknown", message="No reason was given.")
    extensions = {"command_id": outcome.command_id, "correlation_id": outcome.correlation_id}
    errors = None
    if isinstance(error.details, list):
        errors = error.details
    elif error.details is not None:
        extensions["details"] = error.details
    status = 500 if outcome.status == "failed" else status_of(contexts.get(outcome.context), error.code)
    return Problem(status, error.code, error.message, errors=errors, headers=headers, extensions=extensions)


def status_of(context: Context | None, code: str) -> int:
    """The HTTP status of a rejection. `context`: the command's, None for one that is not served here."""
    if code in STATUS_OF_CODE:
        return STATUS_OF_CODE[code]
    return STATUS_OF_REJECTION if context is None else context.status_of(code)
