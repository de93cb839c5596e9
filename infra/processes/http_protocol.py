"""uvicorn's HTTP protocol with the limits that it leaves to a proxy: on the head of a request, on waiting, on readers.

The limits are those of http_connections.py. What goes over one gets a problem document where an answer is possible, and
is closed. The bytes of a body, and the time until it is complete, are the application's to limit
(workers/gateway/request_body.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from infra.processes.http_connections import ConnectionLimits, Connections
from workers.gateway.health import PROBES
from workers.gateway.problems import RETRY_AFTER_SECONDS, Problem

MAX_HEADERS = 100
MAX_PIPELINED = 16
# A reader of answers that is slower than that, over `reader_seconds`, has stopped reading.
MIN_READER_BYTES_A_SECOND = 1024
# What a client still sends after it was refused is discarded for so long: a connection that is closed under bytes that
# nobody has read is reset, and the client loses the answer.
DISCARD_SECONDS = 2.0
MAX_DISCARDED_BYTES = 16_777_216

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class TooManyRequests(Exception):
    """A client has sent more requests than may wait behind the one that is being answered."""


class BoundedProtocols:
    """Makes the protocol of each connection of a server. Processes that are started get one each, by pickling."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._connections: Connections | None = None

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> "BoundedProtocol":
        if self._connections is None:
            self._connections = Connections(self._limits, _loop or asyncio.get_running_loop())
        return BoundedProtocol(self._connections, config, server_state, app_state, _loop)


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.peer = ""
        self.is_new = True
        self._table = connections
        self._limits = connections.limits
        self._is_waiting = True
        self._since_seconds = self.loop.time()
        self._head_has_begun = False
        # Bytes that came since the end of a head or since a piece of a body: a head, or what stands around a body.
        self._unframed_bytes = 0
        self._unsent: tuple[float, int] | None = None
        self._discarded_bytes: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self._table.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._table.gone(self)
        super().connection_lost(exc)

    def cut(self) -> None:
        self.transport.abort()

    def check(self, now: float) -> None:
        unsent_bytes = self.transport.get_write_buffer_size()
        if unsent_bytes:
            self._check_reader(now, unsent_bytes)
            return
        self._unsent = None
        waited_seconds = now - self._since_seconds
        if self._discarded_bytes is not None:
            if waited_seconds > DISCARD_SECONDS:
                self.transport.close()
        elif self._is_waiting and waited_seconds > self._limits.header_seconds:
            if self._head_has_begun:
                self._refuse(Problem(408, "HeadersTooSlow", "The head of the request did not arrive in time."))
            elif self.is_new:
                self._table.close(self, "silent")
            # Between two requests uvicorn closes it, after `idle_seconds`.

    def _check_reader(self, now: float, unsent_bytes: int) -> None:
        """Close the connection of a client that does not read its answer. What resumes writing begins anew."""
        if self._unsent is None:
            self._unsent = now, unsent_bytes
            return
        since_seconds, before_bytes = self._unsent
        if now - since_seconds <= self._limits.reader_seconds:
            return
        self._unsent = now, unsent_bytes
        if before_bytes - unsent_bytes < MIN_READER_BYTES_A_SECOND * self._limits.reader_seconds:
            self._table.close(self, "reader")

    def resume_writing(self) -> None:
        self._unsent = None
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._discarded_bytes is not None:
            self._discarded_bytes += len(data)
            if self._discarded_bytes > MAX_DISCARDED_BYTES:
                self.cut()
            return
        if self._is_waiting and not self._head_has_begun:
            self._head_has_begun = True
            self._since_seconds = self.loop.time()
        size = self._limits.header_bytes
        if len(data) <= size:
            self._receive(data)
            return
        # In pieces, so that no more than one goes uncounted behind the end of a head.
        for start in range(0, len(data), size):
            if self._discarded_bytes is None and not self.transport.is_closing():
                self._receive(data[start : start + size])

    def _receive(self, data: bytes) -> None:
        self._unframed_bytes += len(data)
        super().data_received(data)
        if self._discarded_bytes is not None or self.transport.is_closing():
            return
        if self._is_waiting:
            if self._unframed_bytes > self._limits.header_bytes or self._has_many_headers():
                self._refuse(_headers_too_large())
        elif self._unframed_bytes > self._limits.header_bytes:
            self._table.close(self, "headers")

    def _has_many_headers(self) -> bool:
        return self.headers is not None and len(self.headers) > MAX_HEADERS

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MAX_PIPELINED:
            raise TooManyRequests
        self.app = self._application()
        self._unframed_bytes = 0
        if self._is_waiting:
            self._table.works(self)
            self.is_new = self._is_waiting = False
        super().on_headers_complete()

    def _application(self) -> Callable[..., Any]:
        """What answers the request whose head is complete."""
        if self._has_many_headers() or (
            self._unframed_bytes > self._limits.header_bytes and self._head_bytes() > self._limits.header_bytes
        ):
            return _answering(_headers_too_large())
        if self._table.is_in_reserve(self) and self.url.partition(b"?")[0].decode("latin-1") not in PROBES:
            return _answering(_crowded())
        application: Callable[..., Any] = self.config.loaded_app
        return application

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        self._unframed_bytes = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        is_followed = bool(self.pipeline)
        super().on_response_complete()
        if not is_followed and not self.transport.is_closing():
            self._is_waiting, self._head_has_begun = True, False
            self._since_seconds = self.loop.time()
            self._table.waits(self)

    def send_400_response(self, msg: str) -> None:
        """Instead of uvicorn's text, which would also come in the middle of an answer."""
        if self._is_waiting:
            self._refuse(Problem(400, "MalformedRequest", "This is no request of HTTP/1.1."))
        else:
            self._table.close(self, "malformed")

    def _refuse(self, problem: Problem) -> None:
        """Answer outside of any request, and close once the client has had time to read it."""
        if self.transport.is_closing():
            return
        self._discarded_bytes = 0
        self._since_seconds = self.loop.time()
        self.parser = None  # type: ignore[assignment]  # as uvicorn does at the end
        answer = problem.response()
        head = [f"HTTP/1.1 {answer.status_code} {problem.title}".encode(), b"connection: close"]
        head += [b": ".join(header) for header in answer.raw_headers]
        self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        if self.transport.can_write_eof():
            self.transport.write_eof()


def _headers_too_large() -> Problem:
    return Problem(
        431, "HeadersTooLarge", "The headers of the request are too large or too many.", headers={"Connection": "close"}
    )


def _crowded() -> Problem:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Connection": "close"}
    return Problem(503, "Overloaded", "Too many connections at once. Try again later.", headers=headers)


def _answering(problem: Problem) -> Callable[..., Awaitable[None]]:
    """An application with one answer."""

    async def application(scope: Any, receive: Any, send: Send) -> None:
        await problem.response()(scope, receive, send)

    return application
