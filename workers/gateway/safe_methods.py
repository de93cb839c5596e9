"""GET and HEAD at every address: HEAD is GET without the body; the preconditions of both are evaluated on the answer.

So they are evaluated only where the answer would be a success without them (RFC 9110, section 13.2.1), and with the tag
that the caller would get.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.gateway.preconditions import Preconditions, preconditions_of
from workers.gateway.problems import Problem

SAFE = frozenset({"GET", "HEAD"})
# Headers of a full answer that a 304 leaves out.
_OF_THE_CONTENT = ("content-type", "content-length", "content-encoding", "content-language")


class SafeMethods:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in SAFE:
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, without_body=scope["method"] == "HEAD")
        try:
            answer.conditions = preconditions_of(Headers(scope=scope))
        except Problem as problem:
            await problem.response()(scope, receive, answer.send)
            return
        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive, answer.send)
        finally:
            if "route" in as_get:
                scope["route"] = as_get["route"]  # exchange.py counts by it


class _Answer:
    """One answer on its way out."""

    def __init__(self, send: Send, *, without_body: bool) -> None:
        self.conditions = Preconditions()
        self._send = send
        self._without_body = without_body
        self._replaced = False

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start" and 200 <= message["status"] < 300 and self.conditions:
            headers = MutableHeaders(raw=list(message["headers"]))
            status = self.conditions.status_for(headers.get("etag"))
            if status is not None:
                await self._replace(status, headers)
                return
        if message["type"] == "http.response.body" and self._without_body:
            message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
        await self._send(message)

    async def _replace(self, status: int, headers: MutableHeaders) -> None:
        self._replaced = True
        body = b""
        if status == 304:
            for name in _OF_THE_CONTENT:
                del headers[name]
        else:
            problem = Problem(
                412,
                "PreconditionFailed",
                "If-Match does not name what is here now: see the ETag.",
                headers={"ETag": headers["etag"]} if "etag" in headers else {},
            ).response()
            headers, body = problem.headers, bytes(problem.body)
        await self._send({"type": "http.response.start", "status": status, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": b"" if self._without_body else body})
