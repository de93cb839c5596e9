"""A pytest that is ended by any signal leaves no server, no worker and no temporary folder behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from infra.child_processes.records import is_gone
from tests.run_ending import endless_run
from tests.waiting import until

ROOT = Path(__file__).parents[2]
INTERRUPTED = 2  # how pytest ends after Ctrl-C
# Four runs at once; each of them may wait for its watchdog.
ENDED_SECONDS = 150

pytestmark = pytest.mark.timeout(360)


def _restore_signals() -> None:
    """Undo ignored signals that a process inherits from nohup or from a shell that runs it in the background."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


async def started(test: str, folder: Path) -> tuple[asyncio.subprocess.Process, list[psutil.Process]]:
    """Run a pytest into this test; return it and the processes that it has started."""
    pids, temporary = folder / "pids", folder / "tmp"
    temporary.mkdir()
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'pytest'}"),
        f"{endless_run.__file__}::{test}",
        env=os.environ
        | {endless_run.PIDS_VARIABLE: str(pids), "TMPDIR": str(temporary), "ANNALS_TEST_SERVERS": "embedded"},
        stdout=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=_restore_signals,  # safe: no thread here holds a lock
    )

    async def written_pids() -> list[int]:
        assert run.returncode is None, f"pytest ended too early: {run.returncode}"
        return [int(pid) for pid in pids.read_text().split()] if pids.exists() else []

    return run, [
        psutil.Process(pid) for pid in await until(written_pids, "the run has started all its processes", seconds=90)
    ]


async def are_gone(processes: Sequence[psutil.Process], folder: Path) -> None:
    async def gone() -> bool:
        return all(is_gone(process) for process in processes)

    await until(gone, f"{processes} have ended", seconds=30)

    async def removed() -> bool:
        return not list((folder / "tmp").glob("annals-tests-*"))

    await until(removed, "the folders of the servers are removed")


async def _ended_by(number: signal.Signals, folder: Path) -> None:
    await asyncio.to_thread(folder.mkdir)
    run, processes = await started("test_with_stubborn_children", folder)
    assert len(processes) == 3
    run.send_signal(number)
    code = await asyncio.wait_for(run.wait(), ENDED_SECONDS)
    assert code == (INTERRUPTED if number == signal.SIGINT else -number)
    await are_gone(processes, folder)


async def test_grandchildren_and_orphans_are_gone_after_any_signal(tmp_path: Path) -> None:
    signals = [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGINT]
    await asyncio.gather(*(_ended_by(number, tmp_path / number.name) for number in signals))


async def test_servers_and_workers_are_gone_after_a_kill(tmp_path: Path) -> None:
    run, processes = await started("test_with_servers_and_a_worker", tmp_path)
    assert len(processes) >= 4, "three servers and a worker"
    assert list((tmp_path / "tmp").glob("annals-tests-*"))
    run.kill()
    await run.wait()
    await are_gone(processes, tmp_path)
