"""`annals up` and `annals down` from outside: real servers, toy workers (small_system.py), real signals."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.child_processes.records import ProcessRecord, read_record, read_records
from infra.home import Home
from tests.devstack.watched_program import ROOT, WatchedProgram

PROGRAM_TIMEOUT_SECONDS = 60.0


def environment(home: Path, port: int = 0) -> dict[str, str]:
    """What a shell sets to run on this home; port 0 lets the kernel choose."""
    return {"ANNALS_HOME": str(home), "ANNALS_HTTP_PORT": str(port)}


async def annals(*arguments: str, home: Path) -> tuple[int, str, str]:
    """Runs `annals <arguments>`: exit code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.cli.main", *arguments),
        cwd=ROOT,
        env=os.environ | environment(home),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PROGRAM_TIMEOUT_SECONDS):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def recorded(home: Path, name: str) -> ProcessRecord:
    """The record of a process that must run."""
    record = read_record(Home(home), name)
    assert record is not None
    assert record.process() is not None
    return record


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "home"


@pytest_asyncio.fixture(scope="module")
async def system(home: Path) -> AsyncIterator[WatchedProgram]:
    async with WatchedProgram("tests.devstack.small_system", environment=environment(home)) as program:
        await program.line(kind="ready")
        await program.line(kind="line", name="events", text="hello")
        yield program


async def test_setup_runs_before_the_workers_and_the_table_names_every_process(system: WatchedProgram) -> None:
    kinds = [(line["kind"], line.get("name")) for line in system.lines]
    assert kinds.index(("line", "setup")) < kinds.index(("line", "command")) < kinds.index(("ready", None))
    assert kinds.index(("ready", None)) < kinds.index(("line", "events"))
    ready = await system.line(kind="ready")
    assert [row["name"] for row in ready["processes"]] == ["kafka", "postgres", "redis", "command", "gateway"]


async def test_stack_env_prints_the_addresses_for_a_shell(system: WatchedProgram, home: Path) -> None:
    code, out, _ = await annals("stack", "env", home=home)
    assert code == 0
    assert [line.partition("=")[0] for line in out.splitlines()] == [
        "export ANNALS_KAFKA_BOOTSTRAP_SERVERS",
        "export ANNALS_DATABASE_URL",
        "export ANNALS_REDIS_URL",
    ]


async def test_a_second_up_on_the_same_home_is_refused_with_the_pid(system: WatchedProgram, home: Path) -> None:
    code, _, err = await annals("up", home=home)
    assert code == 1
    assert f"in use by process {system.process.pid}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("name", "sign"), [("command", "says hello"), ("redis", "answers")])
async def test_a_killed_process_is_started_again(system: WatchedProgram, home: Path, name: str, sign: str) -> None:
    before = len(system.lines)
    os.kill(recorded(home, name).pid, signal.SIGKILL)
    await system.line(after=before, kind="event", name=name, text="starting it again")
    await system.line(after=before, name=name, text=sign)
    assert recorded(home, name).process() is not None


async def test_down_stops_workers_before_servers_and_up_ends_with_zero(system: WatchedProgram, home: Path) -> None:
    code, out, _ = await annals("down", home=home)
    assert code == 0
    assert f"(pid {system.process.pid}) has stopped" in out
    assert (await system.end())[0] == 0
    last_words = next(i for i, line in enumerate(system.lines) if "goodbye" in line.get("text", ""))
    stops = [(i, line["name"]) for i, line in enumerate(system.lines) if line.get("text") == "stopping"]
    assert [name for _, name in stops] == ["kafka", "redis", "postgres"]
    assert last_words < stops[0][0]
    assert read_records(Home(home)) == []
    assert (await annals("down", home=home))[:2] == (0, f"nothing runs for {home}\n")
    assert (await annals("stack", "env", home=home))[0] == 3


async def test_after_kill_minus_nine_of_up_down_stops_the_orphans(home: Path) -> None:
    async with WatchedProgram("tests.devstack.small_system", environment=environment(home)) as program:
        await program.line(kind="line", name="events", text="hello")
        records = read_records(Home(home))
        assert {record.name for record in records} == {"kafka", "postgres", "redis", "command", "gateway", "events"}
        program.process.kill()
        await program.end()
        code, out, _ = await annals("down", home=home)
        assert code == 0
        assert all(f"{record.name} (pid {record.pid})" in out for record in records)
        assert [record for record in records if record.process() is not None] == []


async def test_a_taken_gateway_port_is_named_before_any_server_starts(tmp_path: Path, taken_port: int) -> None:
    home = tmp_path / "home"
    async with WatchedProgram("tests.devstack.small_system", environment=environment(home, taken_port)) as program:
        code, err = await program.end()
    assert code == 1
    assert f"port {taken_port}" in err
    assert "ANNALS_HTTP_PORT" in err
    assert not (home / "postgres").exists()
