"""A child process that is restarted whenever it ends, and whose output is passed on line by line.

The child leads its own session (Ctrl-C does not reach it) and is recorded in `<home>/run`, so that a later run can find
it if this one is killed. Restarts back off from half a second to half a minute; after a child has run for half a
minute, the delay starts from the beginning.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from infra.child_processes.records import erase_record, write_record
from infra.child_processes.termination import ending, send_signal, terminate
from infra.home import Home

FIRST_RESTART_DELAY_SECONDS = 0.5
LONGEST_RESTART_DELAY_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 15.0
OUTPUT_CHUNK_BYTES = 65_536
LONGEST_LINE_BYTES = 262_144

Lines = Callable[[str, str], None]


class SupervisedProcess:
    """Runs one command. `on_line(name, line)` gets its output, `say(name, text)` what happens to the process."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        home: Home,
        environment: Mapping[str, str],
        on_line: Lines,
        say: Lines,
    ) -> None:
        self.name = name
        self._command = command
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
        """Runs the command to its end and returns its exit code (negative: the signal that ended it)."""
        self._child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
        )
        try:
            write_record(self._home, self.name, "worker", self._child.pid, signal.SIGTERM)
            await self._pass_output_on(self._child)
            return await self._child.wait()
        finally:
            if self._child.returncode is None:  # cancelled, or an error of ours: nothing else would end it
                await self._end()
            erase_record(self._home, self.name)

    async def run_until_stopped(self) -> None:
        """Restarts the child whenever it ends, until `stop`; each end and each restart is reported through `say`."""
        delay_seconds = FIRST_RESTART_DELAY_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                how = ending(await self.run_once())
            except Exception as error:  # noqa: BLE001  # too many processes, a full disk: it passes, or is reported again
                how = f"cannot be run ({type(error).__name__}: {error})"
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= HEALTHY_AFTER_SECONDS:
                delay_seconds = FIRST_RESTART_DELAY_SECONDS
            self._say(self.name, f"{how}; starting it again in {delay_seconds:g} s")
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_seconds):
                    await self._stopping.wait()
            delay_seconds = min(2 * delay_seconds, LONGEST_RESTART_DELAY_SECONDS)
            self.restarts += 1

    async def stop(self) -> None:
        """Ends the child with SIGTERM, or with SIGKILL after a bounded wait. No restart follows."""
        self._stopping.set()
        await self._end()

    async def _end(self) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        killing = f"did not stop within {STOP_TIMEOUT_SECONDS:g} s; killing it"
        await terminate(child, STOP_TIMEOUT_SECONDS, before_kill=lambda: self._say(self.name, killing))

    def kill(self) -> None:
        """Sends SIGKILL at once."""
        if self._child is not None and self._child.returncode is None:
            send_signal(self._child, signal.SIGKILL)

    async def _pass_output_on(self, child: asyncio.subprocess.Process) -> None:
        """Cuts the output into lines; a line that never ends is passed on in pieces, so that memory stays bounded."""
        assert child.stdout is not None, "the child was started with a pipe"
        rest = b""
        while chunk := await child.stdout.read(OUTPUT_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._on_line(self.name, line.decode("utf-8", "replace").rstrip("\r"))
            if len(rest) > LONGEST_LINE_BYTES:
                self._on_line(self.name, rest.decode("utf-8", "replace"))
                rest = b""
        if rest:
            self._on_line(self.name, rest.decode("utf-8", "replace"))
