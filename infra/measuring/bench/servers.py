"""The servers of a run: those that the settings name or that `annals up` runs; else embedded ones of its own, in a
temporary folder that is removed afterwards.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

from infra.accounts import Account
from infra.devstack.stack import Devstack
from infra.locating import SERVER_OF_FIELD, StackNotRunning, as_setting_values, configured_addresses, located
from infra.settings import Settings

_LOCAL = ("127.0.0.1", "::1", "localhost")
_DEFAULT_PORTS = {"kafka": 9092, "postgres": 5432, "redis": 6379}


class Servers(NamedTuple):
    """Settings with all addresses; and the servers' processes by name, as far as they run on this machine."""

    settings: Settings
    processes: dict[str, psutil.Process]


@asynccontextmanager
async def servers(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[Servers]:
    """Raises DevstackError when servers of its own cannot be started."""
    try:
        located_settings = located(settings, account=Account.OWNER)
    except StackNotRunning:
        say("starting servers of its own")
        async with own_servers(settings) as own:
            yield Servers(own, local_processes(own))
    else:
        yield Servers(located_settings, local_processes(located_settings))


@asynccontextmanager
async def own_servers(settings: Settings) -> AsyncIterator[Settings]:
    """Embedded servers for what the settings do not name, in a new home."""
    with temporary_home() as home:
        stack = Devstack(home, settings, as_in_production=True)
        addresses = await stack.start()
        try:
            yield settings.model_copy(update={**as_setting_values(addresses.by_field()), "home": home})
        finally:
            await stack.stop()


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A folder for a home, removed at the end however it is left."""
    path = Path(tempfile.mkdtemp(prefix="annals-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def local_processes(settings: Settings) -> dict[str, psutil.Process]:
    """The processes that listen at the servers' addresses, by the server's name; without those of other machines and
    those that this user may not see.
    """
    addresses = configured_addresses(settings)
    ports = {server: _local_port(addresses[name], server) for name, server in SERVER_OF_FIELD.items()}
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return {}
    listening = {
        connection.laddr.port: connection.pid
        for connection in sorted(connections, key=lambda connection: connection.pid or 0, reverse=True)
        if connection.status == psutil.CONN_LISTEN and connection.pid
    }
    return {
        server: psutil.Process(listening[port])
        for server, port in ports.items()
        if port is not None and port in listening
    }


def _local_port(address: str, server: str) -> int | None:
    """The port of the first host that is this machine; an address may have several, as in `one:5432,two:5432`."""
    hosts = urlsplit(address if "://" in address else f"kafka://{address}").netloc.rpartition("@")[2]
    for host in hosts.split(","):
        parts = urlsplit(f"//{host.strip()}")
        if parts.hostname in _LOCAL:
            return parts.port or _DEFAULT_PORTS[server]
    return None
