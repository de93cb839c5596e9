"""Bounds on what a request brings: so many bytes, counted as they arrive, and so much time for all of them.

A body that announces itself as too large is refused unread. The exceptions have statuses of their own: of any other one
that is raised while a body is read the framework makes a 400.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.topics import MAX_MESSAGE_BYTES
from workers.gateway.problems import too_large

MAX_BODY_BYTES = MAX_MESSAGE_BYTES
BODY_TIMEOUT_SECONDS = 30.0


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

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _announced_bytes(scope) > MAX_BODY_BYTES:
            await too_large("The body is larger than 1 MiB.").response()(scope, receive, send)
        else:
            await self._app(scope, _bounded(receive), send)


def _announced_bytes(scope: Scope) -> int:
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(announced) if announced.isdigit() else 0


def _bounded(receive: Receive) -> Receive:
    """`receive` with the bounds; what comes after the body (a disconnect) may take any time."""
    end = asyncio.get_running_loop().time() + BODY_TIMEOUT_SECONDS
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
            raise BodyTooLarge
        complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return bounded_receive
