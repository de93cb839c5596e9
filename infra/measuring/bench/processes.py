"""The real processes of an installation under measurement: workers and its gateway, stopped in order afterwards."""

import asyncio
import os
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPException
from typing import IO, NamedTuple

import psutil
from prometheus_client.parser import text_string_to_metric_families

from infra.child_processes.termination import terminate
from infra.devstack.ports import free_port
from infra.devstack.readiness import until_ready
from infra.measuring.bench.checkout import child_environment
from infra.measuring.bench.installation import Installation

START_TIMEOUT_SECONDS = 60.0
STOP_SECONDS = 20.0
SHOWN_LINES = 20
SHOWN_BYTES = 20_000
METRICS_TIMEOUT_SECONDS = 10.0
LOOPBACK = "127.0.0.1"


class Worker(NamedTuple):
    """A worker's process, and the port of its metrics."""

    process: psutil.Process
    metrics_port: int

    async def counted(self, metric: str) -> float:
        """The sum of a counter over all its labels; 0 while the worker does not answer yet."""
        return await asyncio.to_thread(self._counted, metric)

    def _counted(self, metric: str) -> float:
        url = f"http://{LOOPBACK}:{self.metrics_port}/metrics"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=METRICS_TIMEOUT_SECONDS) as response:
                text = response.read().decode()
        except (OSError, HTTPException):
            return 0.0
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == metric
        )


class Gateway(NamedTuple):
    """A gateway that answers."""

    process: psutil.Process
    port: int


@asynccontextmanager
async def worker(installation: Installation, role: str) -> AsyncIterator[Worker]:
    """A worker of this role. It may not have begun yet."""
    port = free_port()
    command = installation.checkout.annals("worker", role)
    given = {"ANNALS_METRICS_PORT": str(port), "ANNALS_METRICS_HOST": LOOPBACK}
    environment = child_environment(installation.settings) | given
    async with child_process(command, environment) as process:
        yield Worker(process, port)


@asynccontextmanager
async def gateway(installation: Installation) -> AsyncIterator[Gateway]:
    """A gateway, once it is ready. Raises TimeoutError."""
    port = free_port()
    given = {"ANNALS_HTTP_PORT": str(port), "ANNALS_HTTP_HOST": LOOPBACK}
    environment = child_environment(installation.settings) | given
    async with child_process(installation.checkout.annals("gateway"), environment) as process:
        async with asyncio.timeout(START_TIMEOUT_SECONDS):
            await until_ready(f"http://{LOOPBACK}:{port}")
        yield Gateway(process, port)


@asynccontextmanager
async def child_process(
    command: tuple[str, ...], environment: dict[str, str], stop_seconds: float = STOP_SECONDS
) -> AsyncIterator[psutil.Process]:
    """A process, ended afterwards: by SIGTERM, and after a bounded wait by SIGKILL. When something fails meanwhile, the
    last lines of its output are shown.
    """
    with tempfile.TemporaryFile() as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C ends the bench, which then ends its processes in order
        )
        try:
            yield psutil.Process(process.pid)
        except Exception:
            _show_last_lines(" ".join(command[-2:]), output)
            raise
        finally:
            await asyncio.shield(terminate(process, stop_seconds))


def _show_last_lines(name: str, output: IO[bytes]) -> None:
    output.seek(0, os.SEEK_END)
    output.seek(max(0, output.tell() - SHOWN_BYTES))
    for line in output.read().decode(errors="replace").splitlines()[-SHOWN_LINES:]:
        print(f"{name}: {line}", file=sys.stderr)
