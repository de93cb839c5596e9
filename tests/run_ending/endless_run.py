"""Tests that never end, for another test to run in a separate pytest. They write their processes' pids to a file."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.servers import Servers
from tests.system import System

PIDS_VARIABLE = "ANNALS_TEST_PIDS"
FOREVER_SECONDS = 600

STUBBORN = """
import os, signal, subprocess, sys
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
again = int(sys.argv[1])
if again:
    child = subprocess.Popen([sys.executable, "-c", sys.argv[2], str(again - 1), sys.argv[2]],
                             stdout=subprocess.PIPE, text=True, start_new_session=True)
    print(os.getpid(), child.stdout.readline().strip(), flush=True)
    if len(sys.argv) > 3:
        os._exit(0)
else:
    print(os.getpid(), flush=True)
signal.pause()
"""


def write_pids(pids: list[int]) -> None:
    """Write the pids to the file in one step, so that a reader never sees half of it."""
    pids_file = Path(os.environ[PIDS_VARIABLE])
    draft = pids_file.with_suffix(".draft")
    draft.write_text(" ".join(map(str, pids)))
    draft.rename(pids_file)


def stubborn(*more: str) -> list[int]:
    """A child and a grandchild that ignore every signal they can, each in its own session.

    The child is stopped (SIGSTOP). With `more`, it ends and leaves the grandchild as an orphan.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, "1", STUBBORN, *more],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    pids = [int(pid) for pid in child.stdout.readline().split()]
    if more:
        child.wait()
        return pids[1:]
    os.kill(pids[0], signal.SIGSTOP)
    return pids


async def test_with_stubborn_children() -> None:
    write_pids([*stubborn(), *stubborn("orphan")])
    await asyncio.sleep(FOREVER_SECONDS)


async def test_with_servers_and_a_worker(servers: Servers, system: System) -> None:
    assert servers.stack is not None
    worker = await system.worker("command")
    await system.holding(worker)
    pids = {process.pid for process in psutil.Process().children(recursive=True)}
    write_pids(sorted(pids))
    await asyncio.sleep(FOREVER_SECONDS)
