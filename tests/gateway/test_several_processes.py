"""The gateway as several processes on one port: one that is dead or stopped is replaced, counts are added up, all end
in good order or, if that does not go, within a bound.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import pytest
from uvicorn import Config
from uvicorn.supervisors.multiprocess import SIGNALS

from infra.cli import exits
from infra.processes.gateway_processes import NoTemporaryFolder, _Supervisor, serve_in_processes
from infra.settings import Settings
from tests.gateway.running import address_in
from tests.waiting import until

ROOT = Path(__file__).parents[2]
NOWHERE = {
    "ANNALS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "ANNALS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "ANNALS_REDIS_URL": "redis://127.0.0.1:1/0",
}
"""No servers: the gateway starts without them."""

pytestmark = pytest.mark.timeout(240)


class Gateway(NamedTuple):
    process: asyncio.subprocess.Process
    url: str

    def serving(self) -> list[psutil.Process]:
        """The processes that serve; beside them there is one that keeps track of what multiprocessing shares."""
        return [child for child in psutil.Process(self.process.pid).children() if _serves(child)]

    async def replaces(self, lost: psutil.Process) -> None:
        """Return once another process has taken the place of this one."""

        async def is_replaced() -> bool:
            serving = self.serving()
            return len(serving) == 2 and lost not in serving

        await until(is_replaced, "a process takes the place of the lost one", seconds=60)

    async def get(self, path: str) -> httpx.Response | None:
        """The answer over a connection of its own; None: there is no one to answer."""
        async with httpx.AsyncClient(base_url=self.url, timeout=20, trust_env=False) as client:
            try:
                return await client.get(path)
            except httpx.TransportError:
                return None

    async def answers(self) -> bool:
        return await self.get("/healthz") is not None


def _serves(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return False


@asynccontextmanager
async def running(folder: Path, log: Path | None = None) -> AsyncIterator[Gateway]:
    """Two processes, which log to `gateway.log`, or to a pipe whose reader writes there."""
    log_file = folder / "gateway.log"
    with (log or log_file).open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.cli.main", "gateway", "--processes", "2", "--json"),
            cwd=ROOT,
            env=os.environ | NOWHERE | {"ANNALS_HTTP_PORT": "0", "ANNALS_HOME": str(folder), "TMPDIR": str(folder)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=errors,
        )

    try:
        gateway = Gateway(process, await address_in(log_file, process))
        await until(gateway.answers, "the gateway answers", seconds=90)
        yield gateway
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def log_reader(folder: Path) -> AsyncIterator[tuple[Path, asyncio.subprocess.Process]]:
    """A pipe, and the process that copies what comes through it to `gateway.log`."""
    pipe = folder / "log.pipe"
    os.mkfifo(pipe)
    (folder / "gateway.log").touch()
    reader = await asyncio.create_subprocess_exec("sh", "-c", 'exec cat "$0" > "$1"', pipe, folder / "gateway.log")
    try:
        yield pipe, reader
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()


def counts_in(folder: Path) -> list[Path]:
    """Where processes keep their counts while they run."""
    return list(folder.glob("annals-gateway-*"))


async def test_serve_until_they_are_told_to_stop(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        before = gateway.serving()
        assert len(before) == 2
        for _ in range(20):
            answer = await gateway.get("/healthz")
            assert answer is not None
            assert answer.status_code == 200
        metrics = await gateway.get("/metrics")
        assert metrics is not None
        (line,) = [
            line for line in metrics.text.splitlines() if 'route="/healthz"' in line and "requests_total" in line
        ]
        assert float(line.split()[-1]) >= 21, "of both processes"

        before[0].kill()
        await gateway.replaces(before[0])
        assert before[1] in gateway.serving()
        assert await gateway.answers()
        gateway.process.terminate()
        async with asyncio.timeout(60):
            assert await gateway.process.wait() == 0
        assert not any(child.is_running() for child in before)
        assert not counts_in(tmp_path)


async def test_break_no_connection_off_although_nobody_reads_their_log(tmp_path: Path) -> None:
    opened: list[str] = []

    async def note(event: str, _: object) -> None:
        opened.extend([event] if event == "connection.connect_tcp.complete" else [])

    async with log_reader(tmp_path) as (pipe, reader), running(tmp_path, pipe) as gateway:
        reader.kill()
        await reader.wait()
        async with httpx.AsyncClient(base_url=gateway.url, timeout=20, trust_env=False) as client:
            for _ in range(5):
                refused = await client.post("/users", json={}, extensions={"trace": note})
                assert refused.status_code == 422, "which is logged"
    assert len(opened) == 1


async def test_end_when_their_parent_was_killed(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        serving = gateway.serving()
        gateway.process.kill()
        await gateway.process.wait()

        async def are_gone() -> bool:
            return not any(child.is_running() for child in serving)

        await until(are_gone, "no process is left", seconds=60)
        assert not await gateway.answers()


async def test_end_within_a_bound_although_one_is_stopped(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        first, second = gateway.serving()
        try:
            first.suspend()
            await gateway.replaces(first)
            serving = gateway.serving()
            second.suspend()
            gateway.process.terminate()
            async with asyncio.timeout(120):
                assert await gateway.process.wait() == 0
            assert not any(child.is_running() for child in serving)
            assert not counts_in(tmp_path)
        finally:
            for child in (first, second):
                with suppress(psutil.NoSuchProcess):
                    child.kill()


def test_end_on_a_hangup_and_stay_as_many_as_they_are() -> None:
    handlers = {name: signal.getsignal(name) for name in SIGNALS}
    supervisor = _Supervisor(Config("nothing:here", workers=2), [])
    try:
        supervisor.handle_ttin()
        supervisor.handle_ttou()
        assert not supervisor.should_exit.is_set()
        assert supervisor.processes_num == 2
        supervisor.handle_hup()
        assert supervisor.should_exit.is_set()
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)


def test_say_what_they_need_where_no_folder_can_be_written_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on a read-only root without a tmpfs."""
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/proc/nowhere"])
    with socket.socket() as unused, pytest.raises(NoTemporaryFolder) as raised:
        serve_in_processes(Config("nothing:here", workers=2), unused, Settings())
    assert exits.explain(raised.value) == exits.REFUSED
    assert "tmpfs" in capsys.readouterr().err
