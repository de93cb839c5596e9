"""The embedded servers of one home as a whole: those that the settings do not name, started together, stopped in order.

After `start` either all of them answer or none of them runs. It first stops what a killed run left behind, and no other
process can run the same home meanwhile. Kafka stops first, then Redis, then PostgreSQL.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from infra.accounts import Account
from infra.child_processes.orphans import STOP_ORDER, stop_orphans
from infra.devstack.all_or_none import all_or_none
from infra.devstack.errors import DevstackError, ServerDidNotStart
from infra.devstack.home_lock import HomeLock
from infra.devstack.kafka import Kafka
from infra.devstack.ports import Ports, is_free
from infra.devstack.postgres import Postgres
from infra.devstack.progress import Progress, Step, silent
from infra.devstack.redis import Redis
from infra.devstack.secured_kafka import SecuredKafka
from infra.devstack.server import EmbeddedServer
from infra.devstack.server_process import ServerProcess
from infra.home import Home
from infra.locating import (
    SERVER_OF_FIELD,
    Addresses,
    configured_addresses,
    merged,
    publish,
    withdraw,
)
from infra.settings import Settings

PORT_ATTEMPTS = 3

Preparation = Callable[[Addresses], Awaitable[None]]


def _servers(configured: Settings, *, as_in_production: bool) -> dict[str, Callable[[Home, Ports], EmbeddedServer]]:
    """How each server is made that these settings ask for, by name."""
    secured = partial(SecuredKafka, settings=configured)
    kafka = partial(secured if configured.kafka_embedded_secured else Kafka, as_in_production=as_in_production)
    return {"kafka": kafka, "redis": Redis, "postgres": Postgres}


class Devstack:
    """The embedded servers of `home`. A server that `configured` has an address for is not started."""

    def __init__(
        self, home: Path, configured: Settings, progress: Progress = silent, *, as_in_production: bool = False
    ) -> None:
        """`as_in_production`: for measurements; they take longer to start."""
        self._home = Home(home)
        self._configured = configured_addresses(configured)
        self._servers = _servers(configured, as_in_production=as_in_production)
        self._progress = progress
        self._lock = HomeLock(self._home)
        self._cancelled = threading.Event()
        self._processes: dict[str, ServerProcess] = {}
        self._ports: Ports | None = None

    @property
    def home(self) -> Home:
        """The home whose servers these are."""
        return self._home

    @property
    def processes(self) -> dict[str, ServerProcess]:
        """The processes of the embedded servers by name; empty before the start."""
        return dict(self._processes)

    async def claim(self) -> None:
        """Locks the home, or raises `HomeInUse`, and stops what a killed run left in it. `start` calls it."""
        if self._lock.is_held:
            return
        self._lock.acquire()
        try:
            await asyncio.to_thread(stop_orphans, self._home, lambda text: self._progress(Step("stack", text)))
            withdraw(self._home)
        except BaseException:
            self._lock.release()
            raise

    async def start(self, before_publishing: Preparation | None = None) -> Addresses:
        """Starts the servers side by side and returns once all of them answer.

        `before_publishing` runs when they answer and before other processes can find them (`located`).
        Raises `HomeInUse` when another process runs this home, or a `DevstackError` that says which server failed;
        nothing is left running then.
        """
        await self.claim()
        self._cancelled.clear()
        try:
            self._ports = Ports(self._home)
            for field, server in SERVER_OF_FIELD.items():
                if field not in self._configured:
                    self._processes[server] = self._prepared(server, self._ports)
            await all_or_none(map(self._start_one, self._processes.values()), before_cancelling=self._cancelled.set)
            addresses = Addresses.of(merged(self._embedded(Account.OWNER), self._configured))
            if before_publishing is not None:
                await before_publishing(addresses)
            publish(self._home, {account: self._embedded(account) for account in Account})
        except BaseException:
            self._cancelled.set()
            await asyncio.shield(self.stop())
            raise
        return addresses

    def _prepared(self, server: str, ports: Ports) -> ServerProcess:
        embedded = self._servers[server](self._home, ports)
        for port in embedded.ports:
            ports.claim(port)
        return ServerProcess(embedded, self._home)

    async def _start_one(self, process: ServerProcess) -> None:
        """Starts one server; if another process takes its port before it binds, tries again on another port."""
        assert self._ports is not None, "ports are read before any server starts"
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                await process.start(self._progress, self._cancelled)
                return
            except ServerDidNotStart:
                taken = [name for name in process.server.ports if not is_free(self._ports.remembered(name))]
                if not taken or attempt == PORT_ATTEMPTS:
                    raise
                for name in taken:
                    self._ports.replace(name)

    def _embedded(self, account: Account) -> dict[str, str]:
        return {
            field: value
            for process in self._processes.values()
            for field, value in process.server.settings_for(account).items()
        }

    async def stop(self) -> None:
        """Stops the servers one after the other and releases the home. Harmless when nothing runs."""
        if not self._lock.is_held:
            return
        withdraw(self._home)
        for name in STOP_ORDER:
            process = self._processes.pop(name, None)
            if process is not None:
                if process.is_running:
                    self._progress(Step(name, "stopping"))
                await process.stop()
        self._lock.release()

    async def kill(self, name: str) -> None:
        """Kills one server with all its children (SIGKILL) and waits for their end. For tests and `annals soak`."""
        await asyncio.to_thread(self._process(name).kill)

    async def restart(self, name: str) -> None:
        """Starts one server that has ended again, on the same ports and the same data."""
        process = self._process(name)
        if process.is_running:
            await process.stop()
        await process.start(self._progress, self._cancelled)

    def clients(self, name: str) -> int:
        """The number of client connections to one server now; 0 when it is not running or not ours."""
        if name not in self._processes or self._ports is None:
            return 0
        return self._processes[name].connections(self._ports.remembered(self._processes[name].server.ports[0]))

    def _process(self, name: str) -> ServerProcess:
        if name not in self._processes:
            running = ", ".join(self._processes) or "none"
            raise DevstackError(f"This stack runs no embedded {name} (running: {running}).")
        return self._processes[name]
