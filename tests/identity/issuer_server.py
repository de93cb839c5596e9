"""An issuer as an HTTP server of the test's own, which answers what it is told to, late or not at all."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

JWKS = "/keys"
DISCOVERY = "/.well-known/openid-configuration"


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class IssuerServer:
    """`answers` are by path, and `made` those that are new each time; `asked` are the paths in order, `heads` and
    `bodies` what came with them. While `held` is not set, no answer is sent.
    """

    def __init__(self, certificate: ssl.SSLContext | None = None) -> None:
        self.certificate = certificate
        self.port = 0
        self.answers: dict[str, bytes] = {}
        self.made: dict[str, Callable[[], bytes]] = {}
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.endless: bytes = b""
        self.held = asyncio.Event()
        self.held.set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"{'http' if self.certificate is None else 'https'}://127.0.0.1:{self.port}"

    def publish(self, *keys: dict[str, Any], **description: Any) -> None:
        """Describe itself, and answer with these keys."""
        described = {"issuer": self.url, "jwks_uri": f"{self.url}{JWKS}", **description}
        self.answers[DISCOVERY] = response(json.dumps(described).encode())
        self.answers[JWKS] = response(json.dumps({"keys": list(keys)}).encode())

    def times_asked(self, path: str = JWKS) -> int:
        return self.asked.count(path)

    async def begin(self) -> None:
        """Listen, on the same port as before if it has had one."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port, ssl=self.certificate)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            length = re.search(rb"content-length: (\d+)", head.lower())
            self.bodies.append(await reader.readexactly(int(length[1])) if length else b"")
            path = head.split(b" ")[1].decode()
            self.asked.append(path)
            await self.held.wait()
            answer = self.answers.get(path, response(b"", "404 Not Found"))
            writer.write(self.made[path]() if path in self.made else answer)
            while self.endless:
                writer.write(self.endless)
                await writer.drain()
            await writer.drain()
        writer.close()


@asynccontextmanager
async def issuer_server(certificate: ssl.SSLContext | None = None) -> AsyncIterator[IssuerServer]:
    """A running one."""
    server = IssuerServer(certificate)
    await server.begin()
    try:
        yield server
    finally:
        server.endless = b""
        server.held.set()
        await server.end()
