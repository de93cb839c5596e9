"""The gateway on a system in memory as a process of its own, with limits that a test chooses."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import uvicorn
from starlette.types import Receive, Scope, Send

from infra.processes.http_connections import ConnectionLimits
from infra.processes.http_server import server_configuration
from tests.gateway.in_memory import SystemInMemory, application
from tests.waiting import until

ROOT = Path(__file__).parents[2]
LARGE_BYTES = 32 * 1_048_576
# What the gateway was served with before it had limits of its own.
UNBOUNDED: dict[str, Any] = {
    "http": "httptools",
    "loop": "uvloop",
    "limit_concurrency": 4000,
    "log_config": None,
    "access_log": False,
}


class Server(NamedTuple):
    """A running server."""

    port: int
    process: psutil.Process

    async def connect(
        self, source: str = "127.0.0.1", *, buffer_bytes: int = 2**26
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from an address of loopback. No more than about twice the buffer is read before it is asked
        for.
        """
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0), limit=buffer_bytes)

    async def asked(self, path: str = "/healthz", source: str = "127.0.0.1") -> bytes:
        """The whole answer over a connection of its own; nothing if that was closed."""
        reader, writer = await self.connect(source)
        try:
            return await exchanged(
                reader, writer, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
            )
        finally:
            writer.close()

    def connections(self) -> int:
        """How many clients it holds."""
        return sum(place.laddr.port == self.port and bool(place.raddr) for place in self.process.net_connections())

    def memory_bytes(self) -> int:
        return int(self.process.memory_info().rss)


async def exchanged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """All that comes in answer to these bytes until the server closes the connection."""
    try:
        writer.write(request)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return b""


@asynccontextmanager
async def served(*, bounded: bool = True, body_seconds: float = 30.0, **limits: Any) -> AsyncIterator[Server]:
    """A server with these limits of ConnectionLimits; not `bounded`: as it was without them."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        port = listening.getsockname()[1]
        given = json.dumps(
            {"socket_number": listening.fileno(), "bounded": bounded, "body_seconds": body_seconds, "limits": limits}
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.gateway.bounded_server", given),
            cwd=ROOT,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
        )
    try:
        server = Server(port, psutil.Process(process.pid))

        async def answers() -> bool:
            assert process.returncode is None
            try:
                return b"200 OK" in await server.asked()
            except OSError:
                return False

        await until(answers, "the server answers", seconds=60)
        yield server
    finally:
        process.kill()
        await process.wait()


def _serve(socket_number: int, bounded: bool, body_seconds: float, limits: dict[str, Any]) -> None:
    gateway = application(SystemInMemory(), body_seconds=body_seconds)

    async def with_a_large_answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") != "/large":
            await gateway(scope, receive, send)
            return
        headers = [(b"content-length", str(LARGE_BYTES).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * LARGE_BYTES})

    if bounded:
        config = server_configuration(with_a_large_answer, lifespan="off", limits=ConnectionLimits(**limits))
    else:
        config = uvicorn.Config(with_a_large_answer, lifespan="off", **UNBOUNDED)
    uvicorn.Server(config).run([socket.socket(fileno=socket_number)])


if __name__ == "__main__":
    _serve(**json.loads(sys.argv[1]))
