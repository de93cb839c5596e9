"""One server as a child process: started, watched until it answers, stopped or killed.

The child leads a session of its own, so that Ctrl-C in the terminal reaches only `annals up`, which then stops
everything in order. It is recorded in `<home>/run` before it answers, so that a later run finds it if this one is
killed.
"""

import asyncio
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from infra.child_processes.records import erase_record, wait_until_gone, write_record
from infra.devstack.errors import ServerDidNotStart, StartCancelled
from infra.devstack.progress import Progress, Step
from infra.devstack.server import EmbeddedServer, ServerCommand, environment
from infra.home import Home

PROBE_INTERVAL_SECONDS = 0.05
PASSING_ERROR_DELAY_SECONDS = 0.3
STOP_TIMEOUT_SECONDS = 30.0
KILL_TIMEOUT_SECONDS = 10.0
LOG_TAIL_LINES = 20
LOG_TAIL_BYTES = 16_384


class ServerProcess:
    """The process of one embedded server. Not safe to start and stop at the same time."""

    def __init__(self, server: EmbeddedServer, home: Home) -> None:
        self.server = server
        self._home = home
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """The server's name."""
        return self.server.name

    @property
    def pid(self) -> int | None:
        """The pid of the child, dead or alive; None before the first start."""
        return self._child.pid if self._child else None

    @property
    def is_running(self) -> bool:
        """Whether the child runs; it may not answer yet."""
        return self._child is not None and self._child.poll() is None

    def connections(self, port: int) -> int:
        """The number of established connections on this port of the server."""
        try:
            connections = psutil.Process(self.pid).net_connections("tcp") if self.is_running else []
        except psutil.Error:
            return 0
        return sum(
            connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == port for connection in connections
        )

    async def start(self, progress: Progress, cancelled: threading.Event) -> None:
        """Prepares and starts the server and returns once it answers.

        Raises `ServerDidNotStart` when it ends or misses its deadline, and leaves no process behind then.
        """
        command = await asyncio.to_thread(self.server.prepare, progress, cancelled)
        if cancelled.is_set():
            raise StartCancelled
        progress(Step(self.name, "starting"))
        deadline = time.monotonic() + self.server.start_timeout_seconds
        try:
            while True:
                log_start = self._spawn(command)
                reason = await self._until_it_answers(deadline)
                if reason is None:
                    break
                tail = _tail(self._home.log_file(self.name), log_start)
                passing = any(error in tail for error in self.server.passing_start_errors)
                if not passing or time.monotonic() > deadline:
                    raise ServerDidNotStart(self.name, reason, self._home.log_file(self.name), tail)
                await asyncio.sleep(PASSING_ERROR_DELAY_SECONDS)
        except BaseException:
            self.kill()
            raise
        progress(Step(self.name, "answers"))

    def _spawn(self, command: ServerCommand) -> int:
        """Starts the child and returns where in the log its output begins."""
        with self._home.open_log(self.name) as log, command.standard_input.open("rb") as standard_input:
            log_start = log.tell()
            try:
                self._child = subprocess.Popen(
                    command.arguments,
                    cwd=command.folder,
                    env=environment(command.environment),
                    stdin=standard_input,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                log_file = self._home.log_file(self.name)
                raise ServerDidNotStart(self.name, f"it cannot be run: {error}", log_file, "") from None
        write_record(self._home, self.name, "server", self._child.pid, self.server.stop_signal)
        return log_start

    async def _until_it_answers(self, deadline: float) -> str | None:
        """None once the server answered, else the reason why it does not."""
        last_error = "no answer"
        while time.monotonic() < deadline:
            if self._child is None or self._child.poll() is not None:
                return f"it ended with exit code {self._child.returncode if self._child else None}"
            try:
                async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                    await self.server.probe()
                return None
            except Exception as error:  # noqa: BLE001 - client libraries raise many kinds of errors while their server starts
                last_error = f"{type(error).__name__}: {error}"
            await asyncio.sleep(PROBE_INTERVAL_SECONDS)
        return f"it did not answer within {self.server.start_timeout_seconds:.0f} s (last: {last_error})"

    async def stop(self) -> None:
        """Sends its stop signal and waits; kills it after a timeout. Harmless when it does not run."""
        if self._child is not None and self.is_running:
            self._child.send_signal(self.server.stop_signal)
            try:
                await asyncio.to_thread(self._child.wait, STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        erase_record(self._home, self.name)

    def kill(self) -> None:
        """SIGKILL to the server and all its children, as when the machine loses power; its data stays as it is."""
        if self._child is None or not self.is_running:
            return
        try:
            family = psutil.Process(self._child.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        self._child.kill()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._child.wait(KILL_TIMEOUT_SECONDS)
        wait_until_gone(family, KILL_TIMEOUT_SECONDS)


def _tail(log_file: Path, start: int) -> str:
    """The last lines that were written to the log after `start` (bytes)."""
    with log_file.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(start, file.tell() - LOG_TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])
