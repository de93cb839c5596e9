"""A TCP proxy that can disturb its connections: cut them, refuse new ones, lose data, hold data back, delay it.

Kafka's clients connect to the address that the broker reports. So in each answer the proxy replaces the broker's
address by its own: the host and four bytes of port, in the same form and length in every version of the protocol.
"""

import asyncio
import contextlib
import struct

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
MAX_CHUNKS_UNDER_WAY = 256

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line:
    """One connection. A dead one loses all data without an error."""

    def __init__(self, *, is_dead: bool) -> None:
        self.is_dead = is_dead


class Proxy:
    """A proxy in front of one server."""

    def __init__(self, server_port: int, *, is_kafka: bool = False) -> None:
        self.port = 0
        self.delay_seconds = 0.0
        self._server_port = server_port
        self._is_kafka = is_kafka
        self._is_silent = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._listener: asyncio.Server | None = None
        self._lines: dict[asyncio.Task[None], Line] = {}

    async def start(self) -> None:
        """Accept connections: the first time on a free port, later on the same port."""
        self._listener = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Behave as a stopped server: end all connections and refuse new ones until `start`."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self.cut()

    async def cut(self) -> int:
        """End every connection at once and return their number. New ones get through."""
        cut = list(self._lines)
        for task in cut:
            task.cancel()
        if cut:
            await asyncio.wait(cut)
        return len(cut)

    def fall_silent(self) -> None:
        """Make all connections half-open, present and new: data is lost without an error, and no answer comes."""
        self._is_silent = True
        for line in self._lines.values():
            line.is_dead = True

    def speak_again(self) -> None:
        """Let new connections through. Half-open ones stay so, as behind a router without its old connections."""
        self._is_silent = False

    def hold(self) -> None:
        """Hold all data until `let_go`. Then it arrives, even if its sender has given up long before."""
        self._flows.clear()

    def let_go(self) -> None:
        """Deliver the data held back, in order."""
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        line = self._lines[task] = Line(is_dead=self._is_silent)
        try:
            with contextlib.suppress(OSError):
                server_reader, server_writer = await asyncio.open_connection(HOST, self._server_port)
                try:
                    async with asyncio.TaskGroup() as directions:
                        directions.create_task(self._pass_on(line, (reader, server_writer), rewrite=False))
                        directions.create_task(self._pass_on(line, (server_reader, writer), rewrite=self._is_kafka))
                finally:
                    server_writer.transport.abort()
        except asyncio.CancelledError:
            return  # cut: an end like any other
        finally:
            del self._lines[task]
            writer.transport.abort()

    async def _pass_on(self, line: Line, ends: Ends, *, rewrite: bool) -> None:
        """Pass on the data of one direction until its sender ends it."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MAX_CHUNKS_UNDER_WAY)
        receiving = asyncio.create_task(self._receive(ends[0], under_way))
        clock, writer, kept = asyncio.get_running_loop().time, ends[1], b""
        try:
            while True:
                due, chunk = await under_way.get()
                await asyncio.sleep(max(0.0, due - clock()))
                await self._flows.wait()
                if line.is_dead:
                    if not chunk:
                        return
                    continue
                passed, kept = self._rewritten(kept + chunk) if rewrite else (chunk, b"")
                writer.write(passed)
                await writer.drain()
                if not chunk:
                    writer.write_eof()
                    return
        except OSError:
            return  # the receiver has gone
        finally:
            receiving.cancel()

    async def _receive(self, reader: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Queue each chunk with the time at which it is due. An empty chunk marks the end."""
        chunk = b"-"
        while chunk:
            try:
                chunk = await reader.read(CHUNK_BYTES)
            except OSError:
                chunk = b""
            await under_way.put((asyncio.get_running_loop().time() + self.delay_seconds, chunk))

    def _rewritten(self, content: bytes) -> tuple[bytes, bytes]:
        """Return the complete answers, with the proxy's address instead of the broker's, and the incomplete rest.

        An answer is a length in four bytes, then that many bytes.
        """
        end = 0
        while end + 4 <= len(content) and (after := end + 4 + int.from_bytes(content[end : end + 4])) <= len(content):
            end = after
        theirs, ours = (HOST.encode() + struct.pack(">i", port) for port in (self._server_port, self.port))
        return content[:end].replace(theirs, ours), content[end:]
