"""What each kind of fault does to the servers and the workers.

`inject` returns when the fault has ended: the server answers again, or the signal is sent. From then on the system is
on its own, and the time until its recovery is measured.
"""

import asyncio
import contextlib
import signal

from infra.devstack.stack import Devstack
from infra.measuring.soak.fault_plan import Fault, Kind
from infra.measuring.soak.worker_pool import WorkerPool, WorkerSlot
from infra.postgres.measuring import Measurements
from infra.postgres.pool import Database
from infra.redis.connection import client, faults_sorted
from infra.settings import Settings
from workers.ports.lanes import Unavailable

WORKER_WAIT_SECONDS = 30.0
POLL_SECONDS = 0.05
ATTEMPTS = 5

_KILLED = {Kind.KILL_COMMAND: "command", Kind.KILL_SAGA: "saga", Kind.KILL_PROJECTION: "projection"}
_PAUSED = {Kind.PAUSE_COMMAND: "command", Kind.PAUSE_SAGA: "saga", Kind.PAUSE_PROJECTION: "projection"}
_SERVERS = {Kind.KAFKA: "kafka", Kind.POSTGRES: "postgres", Kind.REDIS: "redis"}


class NoVictim(Exception):
    """No worker of a role started in time for a fault to be injected into it; its log says why."""

    def __init__(self, role: str) -> None:
        super().__init__(f"no {role} worker lived for {WORKER_WAIT_SECONDS:g} s, so none could be the victim")
        self.role = role


class FaultInjector:
    """Injects faults into the servers, the workers and the database sessions of one run."""

    def __init__(self, settings: Settings, stack: Devstack, workers: WorkerPool, database: Database) -> None:
        self._settings = settings
        self._stack = stack
        self._workers = workers
        self._database = database

    async def inject(self, fault: Fault) -> None:
        """Start the fault and end it. Raises NoVictim, DevstackError when a server does not restart, or Unavailable."""
        if (role := _KILLED.get(fault.kind)) is not None:
            await (await self._victim(role, fault, include_spared=False)).kill()
        elif (role := _PAUSED.get(fault.kind)) is not None:
            await self._pause(await self._victim(role, fault, include_spared=True), fault.lasts_seconds)
        elif (server := _SERVERS.get(fault.kind)) is not None:
            await self._outage(server, fault.lasts_seconds)
        elif fault.kind is Kind.ROLLING_RESTART:
            await self._rolling_restart()
        elif fault.kind is Kind.FLUSH:
            await self._flush()
        else:
            await self._end_backends()

    async def _pause(self, slot: WorkerSlot, past_session_seconds: float) -> None:
        worker = slot.worker
        assert worker is not None, "a victim runs"
        worker.paused = True
        worker.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self._settings.kafka_session_timeout_seconds + past_session_seconds)
        finally:
            worker.signal(signal.SIGCONT)
            worker.paused = False

    async def _outage(self, server: str, seconds: float) -> None:
        await self._stack.kill(server)
        await asyncio.sleep(seconds)
        await self._stack.restart(server)

    async def _rolling_restart(self) -> None:
        for slot in self._workers.slots:
            if not slot.spared:
                before = len(slot.started)
                await slot.stop()
                await self._until_started(slot, before + 1)

    async def _flush(self) -> None:
        async with client(self._settings) as redis:
            with faults_sorted():
                await redis.flushall()

    async def _end_backends(self) -> None:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(Unavailable):  # the pool may still hold connections that an earlier fault ended
                return await Measurements(self._database).end_sessions()
        return await Measurements(self._database).end_sessions()

    async def _victim(self, role: str, fault: Fault, *, include_spared: bool) -> WorkerSlot:
        async def candidates() -> list[WorkerSlot]:
            while not (slots := self._workers.of_role(role, include_spared=include_spared)):  # noqa: ASYNC110 - a process starts
                await asyncio.sleep(POLL_SECONDS)
            return slots

        try:
            async with asyncio.timeout(WORKER_WAIT_SECONDS):
                slots = await candidates()
        except TimeoutError:
            raise NoVictim(role) from None
        return slots[int(fault.victim * len(slots))]

    async def _until_started(self, slot: WorkerSlot, count: int) -> None:
        try:
            async with asyncio.timeout(WORKER_WAIT_SECONDS):
                while len(slot.started) < count:  # noqa: ASYNC110 - a process starts
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise NoVictim(slot.role) from None
