"""One worker of `annals up`: a child process whose output is passed on line by line, started anew when it ends.

The child leads its own session (Ctrl-C does not reach it) and is noted in `<home>/run`, so its orphan can be found.
Restarts back off from half a second to half a minute; a child that lived long enough starts over with the short delay.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from infra.child_processes.records import erase_record, write_record
from infra.devstack.fleet import FleetProcess
from infra.home import Home

FIRST_RESTART_DELAY_SECONDS = 0.5
LONGEST_RESTART_DELAY_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 15.0
OUTPUT_CHUNK_BYTES = 65_536
LONGEST_LINE_BYTES = 262_144

Lines = Callable[[str, str], None]


class SupervisedProcess:
    """Runs one process of the fleet. `on_line(name, line)` gets its output, `say(name, text)` what happens to it."""

    def __init__(
        self, process: FleetProcess, home: Home, environment: Mapping[str, str], on_line: Lines, say: Lines
    ) -> None:
        self.process = process
        self._home = home
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        self._on_line = on_line
        self._say = say
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The pid of the present child; None while there is none."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def run_once(self) -> int:
        """Runs it to its end and returns its exit code (negative: the signal that ended it)."""
        self._child = await asyncio.create_subprocess_exec(
            *self.process.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
        )
        try:
            write_record(self._home, self.process.name, "worker", self._child.pid, signal.SIGTERM)
            await self._pass_output_on(self._child)
            return await self._child.wait()
        finally:
            if self._child.returncode is None:  # cancelled, or an error of ours: nobody else will end it
                await self._end()
            erase_record(self._home, self.process.name)

    async def run_until_stopped(self) -> None:
        """Keeps it running until `stop`; each end and each restart is said."""
        delay_seconds = FIRST_RESTART_DELAY_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                how = ending(await self.run_once())
            except Exception as error:  # noqa: BLE001  # too many processes, a full disk: it passes, or is said for ever
                how = f"cannot be run ({type(error).__name__}: {error})"
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= HEALTHY_AFTER_SECONDS:
                delay_seconds = FIRST_RESTART_DELAY_SECONDS
            self._say(self.process.name, f"{how}; starting it again in {delay_seconds:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_seconds)
            delay_seconds = min(2 * delay_seconds, LONGEST_RESTART_DELAY_SECONDS)
            self.restarts += 1

    async def stop(self) -> None:
        """Asks the child to stop (SIGTERM), waits a bounded time, then kills it. No restart follows."""
        self._stopping.set()
        await self._end()

    async def _end(self) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        with suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), STOP_TIMEOUT_SECONDS)
        except TimeoutError:
            self._say(self.process.name, f"did not stop within {STOP_TIMEOUT_SECONDS:g} s; killing it")
            self.kill()
            await child.wait()

    def kill(self) -> None:
        """SIGKILL, at once."""
        if self._child is not None and self._child.returncode is None:
            with suppress(ProcessLookupError):
                self._child.kill()

    async def _pass_output_on(self, child: asyncio.subprocess.Process) -> None:
        """Cuts the output into lines; a line that never ends is passed on in pieces, so that memory stays bounded."""
        assert child.stdout is not None, "the child was started with a pipe"
        rest = b""
        while chunk := await child.stdout.read(OUTPUT_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._on_line(self.process.name, line.decode("utf-8", "replace").rstrip("\r"))
            if len(rest) > LONGEST_LINE_BYTES:
                self._on_line(self.process.name, rest.decode("utf-8", "replace"))
                rest = b""
        if rest:
            self._on_line(self.process.name, rest.decode("utf-8", "replace"))


def ending(code: int) -> str:
    """How a process ended, in words, from its exit code."""
    if code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
        return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
