"""Limits on a request's body: on its bytes, counted as they arrive, and on the time until it is complete.

A body that is too large is rejected, but first read and discarded within bounds: a client that is still sending when
the connection closes would see a broken connection instead of the answer. The exceptions have statuses of their own:
the framework turns any other exception that is raised while a body is read into a 400.
"""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.topics import MAX_MESSAGE_BYTES
from workers.gateway.problems import field_name, invalid, too_large

MAX_BODY_BYTES = MAX_MESSAGE_BYTES
BODY_SECONDS = 30.0
DISCARD_SECONDS = 2.0
MAX_DISCARDED_BYTES = 16 * MAX_BODY_BYTES
MAX_DOUBLED = 20


class BodyTooLarge(HTTPException):
    """A body that went over the limit while it arrived."""

    def __init__(self) -> None:
        super().__init__(413)


class BodyTooSlow(HTTPException):
    """A body that was not complete in time."""

    def __init__(self) -> None:
        super().__init__(408)


class BoundedBody:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _announced_bytes(scope) > MAX_BODY_BYTES:
            if not _waits_for_leave(scope):
                await _discard(receive)
            await too_large("The body is larger than 1 MiB.").response()(scope, receive, send)
        else:
            await self._app(scope, _bounded(receive, self._seconds), send)


def _announced_bytes(scope: Scope) -> int:
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(announced) if announced.isdigit() else 0


def _waits_for_leave(scope: Scope) -> bool:
    """Whether the client sends its body only when it is told to go on."""
    return (b"expect", b"100-continue") in scope["headers"]


async def _discard(receive: Receive) -> None:
    """Read and discard what the client still sends, within bounds."""
    discarded_bytes = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while discarded_bytes < MAX_DISCARDED_BYTES:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                discarded_bytes += len(message.get("body", b""))


def _bounded(receive: Receive, seconds: float) -> Receive:
    """`receive` with the bounds; a message after the body (a disconnect) may come at any time."""
    end = asyncio.get_running_loop().time() + seconds
    received_bytes = 0
    complete = False

    async def bounded_receive() -> Message:
        nonlocal received_bytes, complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError as error:
            raise BodyTooSlow from error
        received_bytes += len(message.get("body", b""))
        if received_bytes > MAX_BODY_BYTES:
            await _discard(receive)
            raise BodyTooLarge
        complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return bounded_receive


async def refuse_doubled_names(request: Request) -> None:
    """Raises Problem when an object of the body has a name twice: parsers differ in which of the two values counts (RFC
    8259, section 4). A body that is no JSON passes: whatever parses it later rejects it.
    """
    doubled: list[str] = []

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(given)
        if len(fields) != len(given):
            counts = Counter(name for name, _ in given)
            doubled.extend(name for name, count in counts.items() if count > 1)
        return fields

    with suppress(ValueError, RecursionError):
        json.loads(await request.body(), object_pairs_hook=pairs)
    if doubled:
        errors = [{"field": field_name(name), "message": "is given more than once"} for name in doubled[:MAX_DOUBLED]]
        raise invalid("Some fields of the request are given more than once; see errors.", errors)
