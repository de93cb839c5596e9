"""The setup steps of `annals up` need different servers and not each other: they run at the same time. If one fails,
the others are ended, and no worker is started.
"""

import io
import sys
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from infra.devstack.fleet import Fleet, FleetProcess
from infra.devstack.screen import TextScreen
from infra.devstack.system import RunningSystem, SetupFailed
from infra.settings import Settings

STARTED = "a worker was started"
# Each says that it is there, in a file with its pid, and waits for the other.
MEETS = """
import os, pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:3])
mine.with_suffix(".new").write_text(str(os.getpid()))
mine.with_suffix(".new").rename(mine)
while not other.exists():
    time.sleep(0.02)
"""


def step(name: str, other: str, folder: Path, afterwards: str) -> FleetProcess:
    files = (str(folder / name), str(folder / other))
    return FleetProcess(name, "sets something up", (sys.executable, "-c", MEETS + afterwards, *files))


def system(folder: Path, *steps: FleetProcess) -> RunningSystem:
    """Of which only the setup steps are processes: the servers have addresses, and nobody is there."""
    settings = Settings(
        home=folder / "home",
        kafka_bootstrap_servers="127.0.0.1:1",
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        http_port=0,
    )
    marking = f"import pathlib; pathlib.Path({str(folder / STARTED)!r}).touch()"
    worker = FleetProcess("worker", "says that it was started", (sys.executable, "-c", marking))
    return RunningSystem(settings, TextScreen(io.StringIO()), fleet=Fleet(steps, (worker,), worker))


async def test_and_one_that_fails_ends_the_others(tmp_path: Path) -> None:
    failing = step("failing", "endless", tmp_path, "sys.exit(3)")
    endless = step("endless", "failing", tmp_path, "time.sleep(600)")
    with pytest.raises(SetupFailed, match="setup step failing") as failed:
        await system(tmp_path, endless, failing).run()
    assert failed.value.exit_code == 3
    assert not psutil.pid_exists(int((tmp_path / "endless").read_text()))
    assert not (tmp_path / STARTED).exists()
