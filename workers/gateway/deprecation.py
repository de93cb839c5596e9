"""Routes that send a deprecated command say so: in OpenAPI, and in the headers of all their answers. Which command an
undo sends follows from the history of its stream: it is said by the answers to the requests that send one.

`Deprecation` is RFC 9745, `Sunset` RFC 8594, and a `Link` leads to the documentation of what to send instead, which its
title names (successor-version, RFC 5829).
"""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from functools import cache
from typing import Any

from fastapi import Request
from starlette.types import Scope

from contracts.deprecation import Deprecated
from contracts.message import Command

_EXTENSION = "x-deprecation"
_SENT = "deprecation_of_sent_command"
DOCUMENTATION = "/docs"


def sends(command: type[Command]) -> dict[str, Any]:
    """What a route that sends this command is declared with, beside all else."""
    if command.deprecation is None:
        return {}
    return {"deprecated": True, "openapi_extra": {_EXTENSION: command.deprecation.model_dump(mode="json")}}


def note_sent(request: Request, command: type[Command]) -> None:
    """Note that this request sends the command, where the route alone does not say so."""
    setattr(request.state, _SENT, command.deprecation)


def headers_of(scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that the answer to a request has: none, unless what its route sends, or it itself, is deprecated."""
    noted: Deprecated | None = scope.get("state", {}).get(_SENT)
    if noted is not None:
        return _headers(noted)
    route = scope.get("route")
    if not getattr(route, "deprecated", None):
        return ()
    said = (getattr(route, "openapi_extra", None) or {}).get(_EXTENSION)
    return () if said is None else _headers(Deprecated.model_validate(said))


@cache
def _headers(deprecated: Deprecated) -> tuple[tuple[bytes, bytes], ...]:
    headers = [(b"deprecation", b"@%d" % int(_midnight(deprecated.since).timestamp()))]
    if deprecated.removed_on is not None:
        headers.append((b"sunset", format_datetime(_midnight(deprecated.removed_on), usegmt=True).encode()))
    if deprecated.use is not None:
        link = f'<{DOCUMENTATION}>; rel="successor-version"; title="{deprecated.use}"'
        headers.append((b"link", link.encode()))
    return tuple(headers)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
