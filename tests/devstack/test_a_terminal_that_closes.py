"""`annals up` ends with its terminal, unless it was started with nohup."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, signal, sys
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1]))
from infra.cli.foreground import _run
class System:
    async def run(self):
        print("up", flush=True)
        await asyncio.Event().wait()
class Screen:
    def say(self, *words):
        print("asked twice", flush=True)
asyncio.run(_run(System(), Screen()))
print("stopped", flush=True)
"""


@pytest.mark.parametrize(("inherited", "sent"), [("SIG_DFL", ["SIGHUP"]), ("SIG_IGN", ["SIGHUP", "SIGTERM"])])
async def test_ends_what_runs_in_it_unless_nohup_was_told_otherwise(inherited: str, sent: Sequence[str]) -> None:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, inherited), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert program.stdout is not None
    async with asyncio.timeout(60):
        assert await program.stdout.readline() == b"up\n"
        for name in sent:
            program.send_signal(getattr(signal, name))
        assert await program.stdout.read() == b"stopped\n"
        assert await program.wait() == 0
