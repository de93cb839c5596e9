"""Starts processes of Annals as forks of the warm process; on other systems than Linux, as ordinary processes.

The warm process starts at the first request. A `Process` has those members of asyncio's Process that the tests use:
pid, returncode, wait, communicate and the signals.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

ROOT = Path(__file__).parents[2]
START_TIMEOUT_SECONDS = 60.0


class Process:
    """A process that was forked from the warm one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.pipes: list[int] = []
        self._ended = asyncio.Event()

    def has_ended(self, code: int) -> None:
        self.returncode = code
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        """Read both outputs, as far as they are pipes, up to the end of the process."""
        output, errors = await asyncio.gather(*(_read(pipe) for pipe in self.pipes))
        await self.wait()
        return output, errors

    def send_signal(self, number: int) -> None:
        if self.returncode is not None:
            raise ProcessLookupError(self.pid)
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def _read(pipe: int) -> bytes:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb"))
    try:
        return await reader.read()
    finally:
        transport.close()


class WarmServer:
    """The warm process and the socket to it, for one event loop."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(
                [sys.executable, "-m", "tests.warm.server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                start_new_session=True,
            )
        self._starting: deque[asyncio.Future[Process]] = deque()
        self._running: dict[int, Process] = {}
        self._request_lock = asyncio.Lock()
        asyncio.get_running_loop().add_reader(self._channel, self._receive)

    async def start(self, request: Mapping[str, Any], descriptors: list[int], pipes: list[int]) -> Process:
        loop = asyncio.get_running_loop()
        async with self._request_lock:
            started: asyncio.Future[Process] = loop.create_future()
            self._starting.append(started)
            socket.send_fds(self._channel, [json.dumps(request).encode()], descriptors)
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                process = await started
        process.pipes = pipes
        return process

    def _receive(self) -> None:
        message = self._channel.recv(65_536)
        if not message:
            asyncio.get_running_loop().remove_reader(self._channel)
            for process in self._running.values():
                process.has_ended(-signal.SIGKILL)
            return
        answer = json.loads(message)
        if (pid := answer.get("started")) is not None:
            self._running[pid] = Process(pid)
            self._starting.popleft().set_result(self._running[pid])
        else:
            self._running.pop(answer["ended"]).has_ended(answer["code"])


AnyProcess = Process | asyncio.subprocess.Process

_servers: "WeakKeyDictionary[asyncio.AbstractEventLoop, WarmServer]" = WeakKeyDictionary()


async def start(module: str, *arguments: str, env: Mapping[str, str], output: int | None = None) -> AnyProcess:
    """Run `python -m module arguments` in the project's folder.

    Both outputs go to the file descriptor `output`; by default each goes into a pipe for `communicate`.
    """
    if sys.platform != "linux":
        target = subprocess.PIPE if output is None else output
        command = (sys.executable, "-m", module, *arguments)
        return await asyncio.create_subprocess_exec(*command, env=env, stdout=target, stderr=target, cwd=ROOT)
    request = {"module": module, "arguments": arguments, "environment": dict(env), "folder": str(ROOT)}
    loop = asyncio.get_running_loop()
    server = _servers.get(loop)
    if server is None:
        server = _servers[loop] = WarmServer()
    if output is not None:
        return await server.start(request, [output, output], [])
    pairs = [os.pipe(), os.pipe()]
    try:
        return await server.start(request, [theirs for _, theirs in pairs], [ours for ours, _ in pairs])
    finally:
        for _, theirs in pairs:
            os.close(theirs)
