"""What each kind of fault does to the servers and the workers. `strike` returns when the fault has ended: the server
answers again, the signal is sent. From then on the system is on its own, and the clock of its recovery runs.
"""

import asyncio
import contextlib
import signal

from infra.devstack.stack import Devstack
from infra.measuring.soak.crew import Crew, Post
from infra.measuring.soak.plan import Fault, Kind
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
    """No worker of a role came back in time to be the victim of a fault; its log says why."""

    def __init__(self, role: str) -> None:
        super().__init__(f"no {role} worker lived for {WORKER_WAIT_SECONDS:g} s, so none could be the victim")
        self.role = role


class Trouble:
    """All that a fault can be done to."""

    def __init__(self, settings: Settings, stack: Devstack, crew: Crew, database: Database) -> None:
        self._settings = settings
        self._stack = stack
        self._crew = crew
        self._database = database

    async def strike(self, fault: Fault) -> None:
        """Do it and end it. Raises NoVictim, DevstackError when a server does not come back, or Unavailable."""
        if (role := _KILLED.get(fault.kind)) is not None:
            await (await self._victim(role, fault, spared_too=False)).kill()
        elif (role := _PAUSED.get(fault.kind)) is not None:
            await self._pause(await self._victim(role, fault, spared_too=True), fault.lasts_seconds)
        elif (server := _SERVERS.get(fault.kind)) is not None:
            await self._outage(server, fault.lasts_seconds)
        elif fault.kind is Kind.ROLLING_RESTART:
            await self._rolling_restart()
        elif fault.kind is Kind.FLUSH:
            await self._flush()
        else:
            await self._end_backends()

    async def _pause(self, post: Post, past_session_seconds: float) -> None:
        worker = post.worker
        assert worker is not None, "a victim lives"
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
        for post in self._crew.posts:
            if not post.spared:
                before = len(post.incarnations)
                await post.stop()
                await self._until_living(post, before + 1)

    async def _flush(self) -> None:
        async with client(self._settings) as redis:
            with faults_sorted():
                await redis.flushall()

    async def _end_backends(self) -> None:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(Unavailable):  # the pool may not have noticed yet what came before
                return await Measurements(self._database).end_sessions()
        return await Measurements(self._database).end_sessions()

    async def _victim(self, role: str, fault: Fault, *, spared_too: bool) -> Post:
        async def found() -> list[Post]:
            while not (posts := self._crew.of_role(role, spared_too=spared_too)):  # noqa: ASYNC110 - a process starts
                await asyncio.sleep(POLL_SECONDS)
            return posts

        try:
            async with asyncio.timeout(WORKER_WAIT_SECONDS):
                posts = await found()
        except TimeoutError:
            raise NoVictim(role) from None
        return posts[int(fault.victim * len(posts))]

    async def _until_living(self, post: Post, incarnations: int) -> None:
        try:
            async with asyncio.timeout(WORKER_WAIT_SECONDS):
                while len(post.incarnations) < incarnations:  # noqa: ASYNC110 - a process starts
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise NoVictim(post.role) from None
