"""A sentinel that says what a test wants, as soon as it wants."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

import hiredis
from pydantic import SecretStr

from infra.settings import Settings

HOST = "127.0.0.1"
PASSWORD = "hidden"
UNKNOWN = "-ERR No such master with that name"


class FakeSentinel:
    """`address` is that of the primary that it names; `error` is what it answers instead; `silent`: nothing at all.

    `asked` counts the questions for the state of the primary.
    """

    def __init__(self, address: tuple[str, int], epoch: int = 1, flags: str = "master") -> None:
        self.address = address
        self.epoch = epoch
        self.flags = flags
        self.error = ""
        self.silent = False
        self.delay_seconds = 0.0
        self.asked = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        commands = hiredis.Reader()
        with suppress(OSError):
            while data := await reader.read(4096):
                commands.feed(data)
                while isinstance(command := commands.gets(), list):
                    if self.silent:
                        continue
                    if self.delay_seconds:
                        await asyncio.sleep(self.delay_seconds)
                    writer.write(self._answer([part.decode().upper() for part in command]))
        writer.close()

    def _answer(self, command: Sequence[str]) -> bytes:
        if self.error:
            return f"{self.error}\r\n".encode()
        host, port = self.address
        match command:
            case ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", _]:
                return _array([host, str(port)])
            case ["SENTINEL", "MASTER", name]:
                self.asked += 1
                state = {"name": name, "ip": host, "port": port, "flags": self.flags, "config-epoch": self.epoch}
                return _array([str(part) for pair in state.items() for part in pair])
            case _:
                return b"+OK\r\n"


def _array(parts: Sequence[str]) -> bytes:
    return f"*{len(parts)}\r\n".encode() + b"".join(f"${len(part)}\r\n{part}\r\n".encode() for part in parts)


@asynccontextmanager
async def fake_sentinels(address: tuple[str, int], count: int = 3) -> AsyncIterator[list[FakeSentinel]]:
    """So many, which name this primary."""
    sentinels = [FakeSentinel(address) for _ in range(count)]
    servers = []
    for sentinel in sentinels:
        server = await asyncio.start_server(sentinel.serve, HOST, 0)
        sentinel.port = server.sockets[0].getsockname()[1]
        servers.append(server)
    try:
        yield sentinels
    finally:
        for server in servers:
            server.close()


class SentinelScene(NamedTuple):
    """Three sentinels that name a real server as their primary `cards`, and settings by which a client asks them."""

    sentinels: list[FakeSentinel]
    settings: Settings


@asynccontextmanager
async def server_behind_fakes(settings: Settings) -> AsyncIterator[SentinelScene]:
    """The server of the settings, behind sentinels."""
    assert settings.redis_url is not None
    parts = urlsplit(settings.redis_url.get_secret_value())
    assert parts.port is not None
    async with fake_sentinels((HOST, parts.port)) as sentinels:
        hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in sentinels)
        login = parts.netloc.rpartition("@")[0]
        url = f"redis+sentinel://{login}@{hosts}/cards{parts.path}"
        given = {"redis_url": SecretStr(url), "redis_sentinel_password": SecretStr(PASSWORD)}
        yield SentinelScene(sentinels, settings.model_copy(update=given))
