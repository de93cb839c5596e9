"""A connection to an HTTP server that costs little: requests are bytes made beforehand, answers a status and a body.

One request at a time, kept alive. It follows no redirect and reads no header.
"""

import asyncio
from contextlib import suppress
from typing import NamedTuple, cast

import httptools

LOOPBACK = "127.0.0.1"


class Answer(NamedTuple):
    status: int
    body: bytes


class HttpConnection(asyncio.Protocol):
    """Made by `connected`. `request` raises ConnectionError when the server closes the connection."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    async def request(self, request: bytes) -> Answer:
        """Send a request and return its answer, however long that takes."""
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        self._body, self._answer = [], asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has no class of asyncio

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server has closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """A piece of the answer's body (called by the parser)."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The answer is complete (called by the parser)."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), b"".join(self._body)))


async def connected(port: int) -> HttpConnection:
    """A connection to a server on this machine. Raises OSError."""
    _, connection = await asyncio.get_running_loop().create_connection(HttpConnection, LOOPBACK, port)
    return connection


class Connections:
    """As many connections to a server on this machine as there are requests at once; an idle one is used again, and
    replaced when the server has closed it meanwhile.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[HttpConnection] = []

    async def request(self, request: bytes, limit_seconds: float) -> Answer | None:
        """Its answer; None when there is none within the limit or the connection fails."""
        try:
            async with asyncio.timeout(limit_seconds):
                if self._idle:
                    with suppress(ConnectionError):
                        return await self._request(self._idle.pop(), request)
                return await self._request(await connected(self._port), request)
        except OSError:  # TimeoutError and ConnectionError are some
            return None

    def close(self) -> None:
        """Close those that are idle."""
        for connection in self._idle:
            connection.close()

    async def _request(self, connection: HttpConnection, request: bytes) -> Answer:
        try:
            answer = await connection.request(request)
        except BaseException:
            connection.close()  # a late answer must not be taken for that of the next request
            raise
        self._idle.append(connection)
        return answer


def get_request(path: str) -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\n\r\n".encode()


def post_request(path: str, body: bytes) -> bytes:
    """A POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
