"""The workers of a soak: real processes, each in a slot of its own, restarted one second after they have ended.

The first slot of each role is spared: its worker is paused at most, never ended, so that some processes live long
enough to show a leak. A worker that ends without having been told to is recorded as a finding.
"""

import asyncio
import contextlib
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Iterator
from typing import NamedTuple

from infra.child_processes.command import annals
from infra.child_processes.termination import send_signal, terminate
from infra.devstack.ports import free_port
from infra.home import Home
from infra.measuring.soak.isolated_servers import worker_environment
from infra.settings import Settings

ROLES = ("command", "saga", "projection")
RESTART_DELAY_SECONDS = 1.0
STOP_TIMEOUT_SECONDS = 30.0
# The second: it was told to end before it handled signals, and before it owned anything.
_ORDERLY_EXIT_CODES = (0, -signal.SIGTERM)


class WorkerProcess:
    """One process in a slot, from its start to its end."""

    def __init__(self, role: str, process: Process, metrics_port: int) -> None:
        self.role = role
        self.process = process
        self.metrics_port = metrics_port
        self.started_seconds = time.monotonic()
        self.paused = False
        self.told_to_end = False

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    def signal(self, number: signal.Signals) -> None:
        send_signal(self.process, number)


class UnexpectedExit(NamedTuple):
    """A worker ended although nothing had told it to, or not in order after SIGTERM."""

    slot: str
    exit_code: int
    log_file: str


class WorkerSlot:
    """Always holds one worker. `spared`: the fault plan never ends its worker."""

    def __init__(self, role: str, number: int, settings: Settings, home: Home) -> None:
        self.role = role
        self.name = f"{role}-{number}"
        self.spared = number == 1
        self.started: list[WorkerProcess] = []
        self.unexpected_exits: list[UnexpectedExit] = []
        self._settings = settings
        self._home = home
        self._closing = asyncio.Event()

    @property
    def worker(self) -> WorkerProcess | None:
        """The process that runs in this slot now."""
        latest = self.started[-1] if self.started else None
        return latest if latest is not None and latest.is_running else None

    async def keep_filled(self) -> None:
        """Start a worker, and another one whenever it has ended, until `close`."""
        while not self._closing.is_set():
            worker = await self._start()
            self.started.append(worker)
            if self._closing.is_set():  # it was starting while all others were stopped
                await self.stop()
            code = await worker.process.wait()
            if not worker.told_to_end:
                self._record_unexpected_exit(code)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESTART_DELAY_SECONDS):
                    await self._closing.wait()

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        if (worker := self.worker) is not None:
            worker.told_to_end = True
            worker.signal(signal.SIGKILL)
            await worker.process.wait()

    async def stop(self) -> None:
        """Send SIGTERM, and SIGKILL after a bounded time."""
        if (worker := self.worker) is None:
            return
        worker.told_to_end = True
        code = await terminate(worker.process, STOP_TIMEOUT_SECONDS)
        if code not in _ORDERLY_EXIT_CODES:
            self._record_unexpected_exit(code)

    async def close(self) -> None:
        """Stop the worker; no other follows."""
        self._closing.set()
        await self.stop()

    async def _start(self) -> WorkerProcess:
        port = free_port()
        with self._home.open_log(self.name) as output:
            process = await asyncio.create_subprocess_exec(
                *annals("worker", self.role),
                env=worker_environment(self._settings, port),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C ends the soak, which then ends the workers in order
            )
        return WorkerProcess(self.role, process, port)

    def _record_unexpected_exit(self, code: int) -> None:
        self.unexpected_exits.append(UnexpectedExit(self.name, code, str(self._home.log_file(self.name))))


class WorkerPool:
    """The same number of workers for each role."""

    def __init__(self, settings: Settings, workers: int) -> None:
        home = Home(settings.home)
        self.slots = [WorkerSlot(role, number, settings, home) for role in ROLES for number in range(1, workers + 1)]
        self._supervision: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Fill every slot."""
        self._supervision = [asyncio.create_task(slot.keep_filled()) for slot in self.slots]

    async def stop(self) -> None:
        """End every worker in order; one that does not end in time is killed."""
        for worker in self.running():
            worker.signal(signal.SIGCONT)
        await asyncio.gather(*(slot.close() for slot in self.slots))
        await asyncio.gather(*self._supervision)

    def of_role(self, role: str, *, include_spared: bool) -> list[WorkerSlot]:
        """The slots of a role with a running worker."""
        return [
            slot for slot in self.slots if slot.role == role and slot.worker and (include_spared or not slot.spared)
        ]

    def running(self) -> Iterator[WorkerProcess]:
        """The workers that run now."""
        for slot in self.slots:
            if slot.worker is not None:
                yield slot.worker

    @property
    def unexpected_exits(self) -> list[UnexpectedExit]:
        return [unexpected for slot in self.slots for unexpected in slot.unexpected_exits]
