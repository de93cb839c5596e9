"""`annals up` from its start to its end: servers, setup, workers, the table, and stopping everything in order.

No process outlives it: workers are stopped before the servers that they need, each with a bounded wait, also when the
start itself fails. A worker that ends is restarted, and so is an embedded server.
"""

import asyncio
import socket
import time
from uuid import NAMESPACE_URL, uuid5

from infra.child_processes.supervised import SupervisedProcess
from infra.child_processes.termination import ending
from infra.contexts import chosen_contexts
from infra.devstack.all_or_none import all_or_none
from infra.devstack.errors import DevstackError
from infra.devstack.fleet import FLEET, GATEWAY, Fleet, FleetProcess
from infra.devstack.readiness import until_ready
from infra.devstack.screen import ANY_ISSUER, DEVELOPMENT_ISSUER, OUR_NAME, USERS, Screen
from infra.devstack.stack import Devstack
from infra.home import printable
from infra.locating import Addresses
from infra.processes.gateway_port import check_gateway_port
from infra.settings import Settings

READY_REMINDER_SECONDS = 60.0
SERVER_WATCH_INTERVAL_SECONDS = 0.5
# Shorter than the 5 s after which honcho kills.
CLIENTS_TIMEOUT_SECONDS = 3.0
CLIENTS_POLL_INTERVAL_SECONDS = 0.1


class SetupFailed(DevstackError):
    """A setup command (migrations, topics) failed; its output stands above."""

    def __init__(self, process: FleetProcess, code: int) -> None:
        self.process = process
        self.code = code
        # A step is an `annals` command itself: its exit code (refused, unreachable) becomes ours.
        self.exit_code = max(code, 1)
        super().__init__(f"The setup step {process.name} {ending(code)}; what it said stands above.")


class RunningSystem:
    """The servers of a home and a fleet on them; `with_workers` False stops short at servers and setup."""

    def __init__(self, settings: Settings, screen: Screen, *, with_workers: bool = True, fleet: Fleet = FLEET) -> None:
        self._settings = settings
        self._screen = screen
        self._with_workers = with_workers
        self._fleet = fleet
        self._stack = Devstack(settings.home, settings, screen.progress)
        self._workers: list[tuple[FleetProcess, SupervisedProcess]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Starts everything and keeps it running until cancelled; then, or on an error, everything is stopped."""
        # The home first: an orphan of an earlier run may still use the gateway's port.
        await self._stack.claim()
        try:
            port = check_gateway_port(self._settings) if self._with_workers else self._settings.http_port
            await self._stack.start(before_publishing=self._set_up)
            if self._with_workers:
                await self._start_workers(port)
            else:
                self._screen.ready(self._server_rows(), None)
            await self._watch_servers()
        finally:
            await asyncio.shield(self._take_down())

    def hurry(self) -> None:
        """Kills the workers at once, after a second request to stop. The servers still stop in order."""
        for _, worker in self._workers:
            worker.kill()

    async def _set_up(self, addresses: Addresses) -> None:
        environment = self._environment(addresses)
        await all_or_none(self._set_up_by(process, environment) for process in self._fleet.setup)

    async def _set_up_by(self, process: FleetProcess, environment: dict[str, str]) -> None:
        self._screen.say(process.name, process.purpose)
        code = await self._child(process, environment).run_once()
        if code != 0:
            raise SetupFailed(process, code)

    async def _start_workers(self, port: int) -> None:
        # Each finds the servers by the home, with the logins of its own: no secret is in its environment.
        environment = {
            "ANNALS_HOME": str(self._stack.home.path),
            "ANNALS_HTTP_PORT": str(port),
            "ANNALS_INSTANCE": self._instance(),
        }
        for process in self._fleet.workers:
            self._launch(process, environment)
        url = _gateway_url(self._settings.http_host, port)
        waiting = asyncio.create_task(until_ready(url))
        self._tasks.append(waiting)
        while not (await asyncio.wait([waiting], timeout=READY_REMINDER_SECONDS))[0]:
            self._screen.say(GATEWAY, f"is not ready after another {READY_REMINDER_SECONDS:g} s; still waiting")
        has_users = USERS in chosen_contexts(self._settings)
        token = token_command(self._settings)
        self._screen.ready(self._server_rows() + self._worker_rows(url), url, token=token, has_users=has_users)
        self._launch(self._fleet.follower, environment)

    def _launch(self, process: FleetProcess, environment: dict[str, str]) -> None:
        worker = self._child(process, environment)
        self._workers.append((process, worker))
        self._tasks.append(asyncio.create_task(worker.run_until_stopped()))

    def _child(self, process: FleetProcess, environment: dict[str, str]) -> SupervisedProcess:
        return SupervisedProcess(
            process.name, process.command, self._stack.home, environment, self._screen.line, self._screen.say
        )

    def _instance(self) -> str:
        """A name that these workers keep over restarts: after a crash Kafka assigns their lanes to them at once."""
        return f"up-{uuid5(NAMESPACE_URL, f'{socket.gethostname()}{printable(self._stack.home.path)}')}"

    def _environment(self, addresses: Addresses) -> dict[str, str]:
        # What the settings name themselves is handed on as they have it: a secret of a file as the file's name.
        return {**addresses.environment(), **self._settings.environment(), "ANNALS_HOME": str(self._stack.home.path)}

    async def _watch_servers(self) -> None:
        """Restarts an embedded server that has ended, on its ports and data; runs until cancelled."""
        while True:
            await asyncio.sleep(SERVER_WATCH_INTERVAL_SECONDS)
            for name, process in self._stack.processes.items():
                if not process.is_running:
                    self._screen.say(name, "has ended; starting it again")
                    await self._stack.restart(name)

    async def _take_down(self) -> None:
        if self._workers:
            self._screen.say(OUR_NAME, "stopping the workers, then the servers")
        await asyncio.gather(*(worker.stop() for _, worker in self._workers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._with_workers:
            await self._until_clients_have_left()
        await self._stack.stop()
        self._screen.say(OUR_NAME, "everything has stopped")

    async def _until_clients_have_left(self) -> None:
        """Waits for workers that honcho stops at the same moment: they need the broker to stop in order."""
        deadline = time.monotonic() + CLIENTS_TIMEOUT_SECONDS
        while self._stack.clients("kafka") and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes close them
            await asyncio.sleep(CLIENTS_POLL_INTERVAL_SECONDS)

    def _server_rows(self) -> list[tuple[str, str, str]]:
        purposes = {"kafka": "the log", "postgres": "the truth", "redis": "the read models"}
        running = self._stack.processes
        return [
            (name, purpose, running[name].server.shown_address if name in running else "as configured")
            for name, purpose in purposes.items()
        ]

    def _worker_rows(self, gateway_url: str) -> list[tuple[str, str, str]]:
        def where(worker: SupervisedProcess) -> str:
            return gateway_url if worker.name == GATEWAY else f"pid {worker.pid}"

        return [(process.name, process.purpose, where(worker)) for process, worker in self._workers]


def token_command(settings: Settings) -> str | None:
    """How a shell gets a token of the gateway; None: it asks for none."""
    if settings.auth == "none":
        return None
    return DEVELOPMENT_ISSUER if settings.auth_development_issuer else ANY_ISSUER


def _gateway_url(host: str, port: int) -> str:
    """The gateway's URL on this machine: an address that means "all interfaces" is no destination."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://{f'[{reachable}]' if ':' in reachable and not reachable.startswith('[') else reachable}:{port}"
