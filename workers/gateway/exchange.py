"""Gives every request a correlation id and its answer the headers that protect it, writes its line to the log and
counts it.

The level of the line is info; that of a plain read (direct_reads.py) which is answered quickly, and not by a problem,
is debug.

The line has the path without the query, the name of the principal, and no header but the correlation id: so no e-mail
address that a client searches for, no idempotency key and no token gets into the log. An unexpected exception becomes a
problem document here.
"""

import re
import time
from collections.abc import MutableMapping
from functools import cache
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from workers.gateway.callers import PRINCIPAL
from workers.gateway.deprecation import headers_of as deprecation_headers
from workers.gateway.problems import Problem, invalid_header
from workers.gateway.protective_headers import protective_headers

CORRELATION_HEADER = "X-Correlation-Id"
MAX_LOGGED_PATH_CHARACTERS = 300

REQUESTS = Counter("annals_http_requests", "Requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "annals_http_request_seconds",
    "Time from a request to the end of its answer",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
# From here on a plain read has its line at info too.
SLOW_SECONDS = 0.5
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_CORRELATION_ID = re.compile(r"[\x21-\x7e]{1,128}")
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

log = structlog.get_logger(__name__)


class Exchange:
    """ASGI middleware; the outermost one of the gateway."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_seconds = time.perf_counter()
        given = _header(scope, CORRELATION_HEADER)
        accepted = given is None or _CORRELATION_ID.fullmatch(given) is not None
        correlation_id = given if given is not None and accepted else str(uuid7())
        scope.setdefault("state", {}).update(correlation_id=correlation_id, traceparent=_traceparent(scope))
        status = 0

        async def send_with_correlation(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (CORRELATION_HEADER.lower().encode(), correlation_id.encode()),
                    *deprecation_headers(scope),
                    *protective_headers(scope["path"]),
                ]
            await send(message)

        try:
            if not accepted:
                problem = invalid_header(CORRELATION_HEADER, "must have 1 to 128 printable characters without spaces")
                await problem.response()(scope, receive, send_with_correlation)
            else:
                await self._app(scope, receive, send_with_correlation)
        except Exception as error:
            if status:
                raise
            await _last_resort(error).response()(scope, receive, send_with_correlation)
        finally:
            _note(scope, status, time.perf_counter() - started_seconds, correlation_id)


def _last_resort(error: Exception) -> Problem:
    """The answer to an unexpected exception."""
    log.error("request failed", exc_info=error)
    return Problem(500, "InternalError", "Something went wrong here. It was noted under the correlation id.")


def _note(scope: MutableMapping[str, Any], status: int, seconds: float, correlation_id: str) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    route = _template_of(scope.get("route"))
    requests, request_seconds = _metrics(method, route, status)
    requests.inc()
    request_seconds.observe(seconds)
    # A line costs more than a plain read, which is counted all the same.
    is_quick_read = scope.get("is_plain_read") and seconds < SLOW_SECONDS
    note = log.debug if is_quick_read else log.info
    note(
        "request",
        method=scope["method"],
        path=scope["path"][:MAX_LOGGED_PATH_CHARACTERS],
        status=status,
        milliseconds=round(seconds * 1000, 1),
        correlation_id=correlation_id,
        **_facts(scope),
    )


def _template_of(route: Any) -> str:
    """The path of a route with its parameters by their bare names."""
    return str(getattr(route, "path_format", None) or getattr(route, "path", "none"))


def _facts(scope: MutableMapping[str, Any]) -> dict[str, str]:
    """Who asked, where that was proven, and why the request was not done, where a part of the gateway has said so."""
    principal = scope.get("state", {}).get(PRINCIPAL)
    facts = {} if principal is None else {"principal": principal.name}
    return facts | ({"reason": scope["reason"]} if "reason" in scope else {})


@cache
def _metrics(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The metrics with these labels, of which there are few."""
    return REQUESTS.labels(method, route, str(status)), REQUEST_SECONDS.labels(method, route)


def _header(scope: Scope, name: str) -> str | None:
    wanted = name.lower().encode()
    return next((value.decode("latin-1") for header, value in scope["headers"] if header == wanted), None)


def _traceparent(scope: Scope) -> str | None:
    """The trace that the request belongs to. A malformed one is ignored, as the standard requires."""
    given = _header(scope, "traceparent")
    return given if given is not None and _TRACEPARENT.fullmatch(given) else None
