"""TLS before a server that has none: the embedded PostgreSQL and Valkey are built without it.

The handshake, with the certificates of both sides, is a client's real one; what follows goes on to the server in the
clear. A client of PostgreSQL asks for TLS first (SSLRequest; manual of PostgreSQL, "SSL Session Encryption").
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
CHUNK_BYTES = 65_536


class TlsFront:
    """One in front of the server at this port. `encrypted` counts the connections whose handshake has succeeded."""

    def __init__(self, server_port: int, context: ssl.SSLContext, *, is_postgres: bool = False) -> None:
        self._server_port = server_port
        self._context = context
        self._is_postgres = is_postgres
        self.port = 0
        self.encrypted = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                if self._is_postgres:
                    if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                        return
                    writer.write(b"S")
                    await writer.start_tls(self._context)
                self.encrypted += 1
                ahead, behind = await asyncio.open_connection(HOST, self._server_port)
                flows = {asyncio.create_task(_flow(reader, behind)), asyncio.create_task(_flow(ahead, writer))}
                _, left = await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
                for task in left:
                    task.cancel()
                behind.close()
        finally:
            writer.close()


async def _flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def tls_front(
    server_port: int, certificate: Path, *, clients: Path | None = None, is_postgres: bool = False
) -> AsyncIterator[TlsFront]:
    """A running one with this certificate and key. With the authority of `clients` it asks for a certificate of it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clients)
    context.load_cert_chain(certificate)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    front = TlsFront(server_port, context, is_postgres=is_postgres)
    listening = await asyncio.start_server(front.serve, HOST, 0, ssl=None if is_postgres else context)
    front.port = listening.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        listening.close()
