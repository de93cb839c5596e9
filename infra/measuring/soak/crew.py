"""The workers of a soak: real processes, each at a post of its own, started again a second after they have ended.

The first post of each role is spared: its worker is paused at most, never ended, so that there are processes old enough
to show a leak. A worker that ends without having been told to is noted: that is a finding.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from infra.home import Home
from infra.measuring.soak.ground import worker_environment
from infra.settings import Settings

ROLES = ("command", "saga", "projection")
RESTART_DELAY_SECONDS = 1.0
STOP_TIMEOUT_SECONDS = 30.0
# The second: told to end before it had begun to listen to signals, and to hold anything.
_IN_GOOD_ORDER = (0, -signal.SIGTERM)


class Incarnation:
    """One process at a post, from its start to its end."""

    def __init__(self, role: str, post: str, process: asyncio.subprocess.Process, metrics_port: int) -> None:
        self.role = role
        self.post = post
        self.process = process
        self.metrics_port = metrics_port
        self.started_seconds = time.monotonic()
        self.paused = False
        self.told_to_end = False

    @property
    def lives(self) -> bool:
        return self.process.returncode is None

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


class BadEnd(NamedTuple):
    """A worker ended although nobody had told it to, or not in good order after SIGTERM."""

    post: str
    exit_code: int
    log_file: str


class Post:
    """Where there is always a worker. `spared`: never ended by the plan."""

    def __init__(self, role: str, number: int, settings: Settings, home: Home) -> None:
        self.role = role
        self.name = f"{role}-{number}"
        self.spared = number == 1
        self.incarnations: list[Incarnation] = []
        self.bad_ends: list[BadEnd] = []
        self._settings = settings
        self._home = home
        self._closing = asyncio.Event()

    @property
    def worker(self) -> Incarnation | None:
        """The process that lives here now."""
        last = self.incarnations[-1] if self.incarnations else None
        return last if last is not None and last.lives else None

    async def keep(self) -> None:
        """Start a worker, and another one whenever it has ended, until `close`."""
        while not self._closing.is_set():
            started = await self._start()
            self.incarnations.append(started)
            if self._closing.is_set():  # it came to life when all others were stopped
                await self.stop()
            code = await started.process.wait()
            if not started.told_to_end:
                self._note_bad_end(code)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), RESTART_DELAY_SECONDS)

    async def kill(self) -> None:
        """kill -9."""
        if (worker := self.worker) is not None:
            worker.told_to_end = True
            worker.signal(signal.SIGKILL)
            await worker.process.wait()

    async def stop(self) -> None:
        """SIGTERM, and a bounded time to end in good order."""
        if (worker := self.worker) is None:
            return
        worker.told_to_end = True
        worker.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                code = await worker.process.wait()
        except TimeoutError:
            worker.signal(signal.SIGKILL)
            code = await worker.process.wait()
        if code not in _IN_GOOD_ORDER:
            self._note_bad_end(code)

    async def close(self) -> None:
        """Stop the worker; no other follows."""
        self._closing.set()
        await self.stop()

    async def _start(self) -> Incarnation:
        port = _free_port()
        with self._home.open_log(self.name) as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "infra.cli.main", "worker", self.role),
                env=worker_environment(self._settings, port),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us: we end them in order
            )
        return Incarnation(self.role, self.name, process, port)

    def _note_bad_end(self, code: int) -> None:
        self.bad_ends.append(BadEnd(self.name, code, str(self._home.log_file(self.name))))


class Crew:
    """So many workers of each role."""

    def __init__(self, settings: Settings, workers: int) -> None:
        home = Home(settings.home)
        self.posts = [Post(role, number, settings, home) for role in ROLES for number in range(1, workers + 1)]
        self._keeping: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Fill every post."""
        self._keeping = [asyncio.create_task(post.keep()) for post in self.posts]

    async def stop(self) -> None:
        """End every worker in order; those that do not heed are killed."""
        for incarnation in self.living():
            incarnation.signal(signal.SIGCONT)
        await asyncio.gather(*(post.close() for post in self.posts))
        await asyncio.gather(*self._keeping)

    def of_role(self, role: str, *, spared_too: bool) -> list[Post]:
        """The posts of a role with a living worker."""
        return [post for post in self.posts if post.role == role and post.worker and (spared_too or not post.spared)]

    def living(self) -> Iterator[Incarnation]:
        """The workers that live now."""
        for post in self.posts:
            if post.worker is not None:
                yield post.worker

    @property
    def bad_ends(self) -> list[BadEnd]:
        return [end for post in self.posts for end in post.bad_ends]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
