"""Query parameters are taken strictly: what a route does not know is refused, and so is one value given twice, or none,
or one that is no percent-encoded UTF-8.

A misspelt filter that was passed over would list everybody, a damaged value nobody.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from fastapi import Request
from fastapi.routing import APIRoute

from workers.gateway.problems import field_name, invalid

MAX_NAMED = 20

_BARE_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


async def strict_query(request: Request) -> None:
    """A dependency of every route. Raises Problem."""
    _check_encoding(request.scope["query_string"])
    given = request.query_params.multi_items()
    if not given and not request.url.query:
        return
    route = request.scope["route"]
    declared = _declared(route)
    counts = Counter(name for name, _ in given)
    wrong = []
    for name, count in counts.items():
        if name not in declared:
            others = f"this address has {', '.join(declared)}" if declared else "this address has none"
            wrong.append((name, f"is not a parameter: {others}"))
        elif count > 1:
            wrong.append((name, "is given more than once"))
    wrong += [(name, "has no value") for name, value in given if not value and name in declared and counts[name] == 1]
    if wrong:
        errors = [{"field": field_name(name), "message": message} for name, message in wrong[:MAX_NAMED]]
        raise invalid("Some parameters behind the question mark are unknown or wrong; see errors.", errors)


def _check_encoding(query: bytes) -> None:
    """The framework would put a replacement character for what is no UTF-8, and take a bare % as it is."""
    wrong = [parameter for parameter in query.split(b"&") if not _is_encoded(parameter)] if b"%" in query else []
    if wrong:
        names = [unquote(parameter.partition(b"=")[0].decode("latin-1").replace("+", " ")) for parameter in wrong]
        message = "is not UTF-8 in percent-encoding: a % must be written as %25"
        errors = [{"field": field_name(name), "message": message} for name in names[:MAX_NAMED]]
        raise invalid("Some parameters behind the question mark cannot be read; see errors.", errors)


def _is_encoded(parameter: bytes) -> bool:
    if _BARE_PERCENT.search(parameter):
        return False
    try:
        unquote_to_bytes(parameter).decode()
    except UnicodeDecodeError:
        return False
    return True


def _declared(route: APIRoute) -> tuple[str, ...]:
    """The names of a route's query parameters, in the order in which they are documented."""
    return tuple(dict.fromkeys(_names(route.dependant)))


def _names(dependant: Any) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _names(dependency)
