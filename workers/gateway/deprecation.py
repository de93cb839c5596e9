"""Routes that send a deprecated command say so: in OpenAPI, and in the headers of all their answers.

`Deprecation` is RFC 9745, `Sunset` RFC 8594, and a `Link` leads to the documentation of what to send instead, which its
title names (successor-version, RFC 5829).
"""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from functools import cache
from typing import Any

from contracts.deprecation import Deprecated
from contracts.message import Command

_EXTENSION = "x-deprecation"
DOCUMENTATION = "/docs"


def sends(command: type[Command]) -> dict[str, Any]:
    """What a route that sends this command is declared with, beside all else."""
    if command.deprecation is None:
        return {}
    return {"deprecated": True, "openapi_extra": {_EXTENSION: command.deprecation.model_dump(mode="json")}}


def headers_of(route: object) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that each answer of the route has: none, unless what it sends is deprecated."""
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
