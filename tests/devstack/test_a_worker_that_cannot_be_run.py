"""If `annals up` cannot start a process, it reports that and tries again, and leaves nothing behind."""

import asyncio
import sys
from pathlib import Path

import pytest

from infra.child_processes import supervised
from infra.child_processes.supervised import SupervisedProcess
from infra.devstack.readiness import until_ready
from infra.home import Home
from tests.waiting import until


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "FIRST_RESTART_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(supervised, "LONGEST_RESTART_DELAY_SECONDS", 0.05)


def worker(command: tuple[str, ...], home: Path, lines: list[str], events: list[str]) -> SupervisedProcess:
    return SupervisedProcess(
        "worker", command, Home(home), {}, lambda _, line: lines.append(line), lambda _, text: events.append(text)
    )


async def test_is_started_once_its_program_is_there(tmp_path: Path) -> None:
    program, lines, events = tmp_path / "program", list[str](), list[str]()
    (tmp_path / "run").mkdir()
    late = worker((str(program),), tmp_path, lines, events)
    running = asyncio.create_task(late.run_until_stopped())
    await until(lambda: _true(len(events) > 2), "each attempt is reported", every=0.005)
    assert "cannot be run (FileNotFoundError" in events[0]
    program.write_text("#!/bin/sh\necho works\nexec sleep 60\n")
    program.chmod(0o755)
    await until(lambda: _true(lines == ["works"]), "the process runs", every=0.005)
    await late.stop()
    async with asyncio.timeout(10):
        await running


async def test_leaves_no_process_behind_when_it_cannot_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(supervised, "write_record", full)
    (tmp_path / "run").mkdir()
    events: list[str] = []
    unrecorded = worker((sys.executable, "-c", "import time; time.sleep(60)"), tmp_path, [], events)
    running = asyncio.create_task(unrecorded.run_until_stopped())
    await until(lambda: _true(len(events) > 1), "each attempt is reported", every=0.005)
    assert "No space left" in events[0]
    await unrecorded.stop()
    async with asyncio.timeout(10):
        await running
    assert unrecorded.pid is None


async def test_a_gateway_that_answers_no_http_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"nonsense\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with server:
        waiting = asyncio.create_task(until_ready("http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())))
        await asyncio.wait({waiting}, timeout=0.5)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait({waiting})


async def _true(value: bool) -> bool:
    return value
