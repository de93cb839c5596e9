"""Tests that never end, run by name in a pytest of their own: they note the pids of what they have started."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.servers import Servers
from tests.system import System

TOLD = "ANNALS_TEST_PIDS"
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


def note(pids: list[int]) -> None:
    """In one step, so that whoever waits for the file finds it whole."""
    told = Path(os.environ[TOLD])
    draft = told.with_suffix(".draft")
    draft.write_text(" ".join(map(str, pids)))
    draft.rename(told)


def stubborn(*more: str) -> list[int]:
    """A child and its child that ignore every signal they can, in sessions of their own.

    The child is stopped (SIGSTOP); with `more`, it ends and leaves an orphan.
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
    note([*stubborn(), *stubborn("orphan")])
    await asyncio.sleep(FOREVER_SECONDS)


async def test_with_servers_and_a_worker(servers: Servers, system: System) -> None:
    assert servers.stack is not None
    worker = await system.worker("command")
    await system.holding(worker)
    own = {each.pid for each in psutil.Process().children(recursive=True)}
    note(sorted(own))
    await asyncio.sleep(FOREVER_SECONDS)
