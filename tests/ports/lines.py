"""Lines between an adapter and its server that lose what goes one way, for the real ones and for the twins."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal, Protocol, TypeVar

from workers.ports.lanes import Unavailable

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536

Loss = Literal["nothing", "requests", "answers"]
T = TypeVar("T")


class Line(Protocol):
    """`loses` may be set at any time."""

    loses: Loss


class LossyWire:
    """The twins' line."""

    def __init__(self) -> None:
        self.loses: Loss = "nothing"

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if self.loses == "requests":
            raise Unavailable(server, "the request was lost")
        try:
            return operation()
        finally:
            if self.loses == "answers":
                raise Unavailable(server, "the answer was lost")


class LossyProxy:
    """A TCP line. A connection that has lost anything loses all that follows the same way: it is never out of step."""

    def __init__(self, server_port: int) -> None:
        self.loses: Loss = "nothing"
        self.port = 0
        self._server_port = server_port
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            server_reader, server_writer = await asyncio.open_connection(HOST, self._server_port)
            try:
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._pass_on("requests", reader, server_writer))
                    ways.create_task(self._pass_on("answers", server_reader, writer))
            finally:
                server_writer.transport.abort()
        except* (OSError, asyncio.CancelledError):
            pass  # the end of a line is an end like any other
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _pass_on(self, loss: Loss, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lost = False
        while chunk := await reader.read(CHUNK_BYTES):
            lost = lost or self.loses == loss
            if not lost:
                writer.write(chunk)
                await writer.drain()
        writer.write_eof()

    async def end(self) -> None:
        for connection in list(self._connections):
            connection.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections))


@asynccontextmanager
async def lossy_proxy(server_port: int) -> AsyncIterator[LossyProxy]:
    """A proxy in front of a server of this machine."""
    proxy = LossyProxy(server_port)
    listener = await asyncio.start_server(proxy.serve, HOST, 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        await proxy.end()
