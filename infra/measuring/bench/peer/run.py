"""Runs the peer on the same Postgres, in a database of its own."""

import asyncio
import sys
import uuid
from contextlib import AsyncExitStack
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

import psutil

from infra.child_processes.termination import terminate
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.installation import cleaned_up
from infra.measuring.bench.processes import STOP_SECONDS
from infra.measuring.bench.processor_time import Meter
from infra.measuring.bench.progress import STALLED_SECONDS, Stalled
from infra.measuring.bench.servers import Servers
from infra.postgres.databases import create_database, drop_database

PACKAGE = "eventsourcing"
AGGREGATES_A_SAVE = 500
SAVES = 3000
LACKS = (
    "eventsourcing is called in its own process: no command arrives on a topic, nothing is published to Kafka, nobody "
    "is answered. It does not refuse a repeated command or a second user with the same address, and no read model "
    "and no saga of another process can follow it but by reading its table."
)


class PeerNotInstalled(Exception):
    """The peer is a development dependency."""

    def __init__(self) -> None:
        super().__init__(f"{PACKAGE} is not installed; it comes with the development dependencies (sh infra/test.sh)")


class Peer(NamedTuple):
    """Creates by the peer: a save for each, as an application does it; and many aggregates in each save."""

    one_a_save: Drained
    many_a_save: Drained


def require_peer() -> None:
    """Raises PeerNotInstalled."""
    if find_spec(PACKAGE) is None:
        raise PeerNotInstalled


async def measure_peer(servers: Servers, saves: int = SAVES) -> Peer:
    """So many creates with a save for each, then ten times as many in saves of 500. Raises Unavailable or
    Stalled.
    """
    assert servers.settings.database_url is not None
    url, name = servers.settings.database_url.get_secret_value(), f"annals_bench_{uuid.uuid4().hex[:8]}"
    async with AsyncExitStack() as stack:
        stack.push_async_callback(cleaned_up, "the peer's database", partial(drop_database, url, name))
        await create_database(url, name)
        environment = _environment(urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
        single = await _measured(servers, environment, saves, 1)
        many = await _measured(servers, environment, 10 * saves, AGGREGATES_A_SAVE)
        return Peer(single, many)


async def _measured(servers: Servers, environment: dict[str, str], count: int, aggregates_a_save: int) -> Drained:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "infra.measuring.bench.peer.process", str(count), str(aggregates_a_save)),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        await reached_word(process.stdout, "begin", count)
        postgres = {name: server for name, server in servers.processes.items() if name == "postgres"}
        meter = Meter({"worker": psutil.Process(process.pid), **postgres})
        await reached_word(process.stdout, "end", count)
        return Drained.of(meter.read(), count)
    finally:
        await asyncio.shield(terminate(process, STOP_SECONDS))


async def reached_word(lines: asyncio.StreamReader, word: str, wanted: int) -> None:
    """Read what the peer says until it says this; before, it says once a second how much it has done. Raises Stalled
    when it is silent for a minute or has ended.
    """
    done = 0
    while True:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                line = (await lines.readline()).decode().strip()
        except TimeoutError as error:
            raise Stalled(PACKAGE, done, wanted) from error
        if line == word:
            return
        if not line.isdigit():
            raise Stalled(PACKAGE, done, wanted)
        done = int(line)


def _environment(url: str) -> dict[str, str]:
    """What the peer reads of the environment, for this database."""
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "127.0.0.1",
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": unquote(parts.username or ""),
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
    }
