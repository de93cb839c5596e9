"""A TCP proxy whose line can be spoiled: cut, closed to newcomers, fallen silent, held up, slow.

Kafka's clients connect to the address that the broker tells them. So where the broker tells its own, the proxy's is put
in its place: the host and four bytes of port, which look the same and are as long in every version of the protocol.
"""

import asyncio
import contextlib
import struct

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
MAX_CHUNKS_UNDER_WAY = 256

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line:
    """One connection; a dead one loses all that is sent over it and tells nobody."""

    def __init__(self, *, is_dead: bool) -> None:
        self.is_dead = is_dead


class Proxy:
    """One server, seen over a line of ours."""

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
        """Let connections in: on a free port at first, on the same one ever after."""
        self._listener = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As a server that is gone: connections end and new ones are refused, until `start`."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self.cut()

    async def cut(self) -> int:
        """End every connection at once, and say how many they were. New ones get through."""
        cut = list(self._lines)
        for task in cut:
            task.cancel()
        if cut:
            await asyncio.wait(cut)
        return len(cut)

    def fall_silent(self) -> None:
        """Half-open: what is sent is lost, nothing comes back, nobody is told. Newcomers fare no better."""
        self._is_silent = True
        for line in self._lines.values():
            line.is_dead = True

    def speak_again(self) -> None:
        """Newcomers get through; what was silent stays so, as behind a router that has forgotten its connections."""
        self._is_silent = False

    def hold(self) -> None:
        """Keep everything until `let_go`: then it arrives, however long ago its sender has given up."""
        self._flows.clear()

    def let_go(self) -> None:
        """What was held arrives now, in order."""
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        line = self._lines[task] = Line(is_dead=self._is_silent)
        try:
            with contextlib.suppress(OSError):
                server_reader, server_writer = await asyncio.open_connection(HOST, self._server_port)
                try:
                    async with asyncio.TaskGroup() as ways:
                        ways.create_task(self._pass_on(line, (reader, server_writer), rewrite=False))
                        ways.create_task(self._pass_on(line, (server_reader, writer), rewrite=self._is_kafka))
                finally:
                    server_writer.transport.abort()
        except asyncio.CancelledError:
            return  # cut: an end like any other
        finally:
            del self._lines[task]
            writer.transport.abort()

    async def _pass_on(self, line: Line, ends: Ends, *, rewrite: bool) -> None:
        """One way of a line, until its sender ends it."""
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
        """Note when each chunk is due; an empty one stands for the end."""
        chunk = b"-"
        while chunk:
            try:
                chunk = await reader.read(CHUNK_BYTES)
            except OSError:
                chunk = b""
            await under_way.put((asyncio.get_running_loop().time() + self.delay_seconds, chunk))

    def _rewritten(self, content: bytes) -> tuple[bytes, bytes]:
        """The whole answers in it (each is its length in four bytes, and so many more), with our address for the
        broker's; and the rest, for later.
        """
        end = 0
        while end + 4 <= len(content) and (after := end + 4 + int.from_bytes(content[end : end + 4])) <= len(content):
            end = after
        theirs, ours = (HOST.encode() + struct.pack(">i", port) for port in (self._server_port, self.port))
        return content[:end].replace(theirs, ours), content[end:]
