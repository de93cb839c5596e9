"""A home in which a run was killed starts again: orphans are stopped, other processes with a reused pid are not."""

import os
import signal
import subprocess
import sys
from dataclasses import asdict

import asyncpg
import psutil
import pytest

from infra.child_processes.orphans import stop_orphans
from infra.child_processes.records import ProcessRecord, birth_of, read_record, write_record
from infra.devstack.ports import Ports, is_free
from infra.devstack.stack import Devstack
from infra.home import Home, write_json
from infra.settings import Settings

SLEEPER = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()",
]


def started(command: list[str]) -> subprocess.Popen[str]:
    """Start the process and wait until it reports that it runs."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    return child


async def test_a_pid_file_with_the_pid_of_another_process_does_not_stop_postgres(only_postgres: Settings) -> None:
    stack = Devstack(only_postgres.home, only_postgres)
    await stack.start()
    await stack.stop()
    # As after a reboot: the pid in the file now belongs to another process, here to this test.
    pid_file = stack.home.path / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n1\n1\n\n127.0.0.1\n0 0\nready\n")
    addresses = await stack.start()
    connection = await asyncpg.connect(addresses.database_url)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    await stack.stop()


async def test_a_server_that_outlived_its_stack_is_stopped_and_its_data_taken_over(only_postgres: Settings) -> None:
    first = Devstack(only_postgres.home, only_postgres)
    addresses = await first.start()
    orphan = psutil.Process(first.processes["postgres"].pid)
    first._lock.release()  # what the kernel does when the owner is killed
    second = Devstack(only_postgres.home, only_postgres)
    assert await second.start() == addresses
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    await second.stop()


def test_another_process_with_the_recorded_pid_is_not_stopped(only_postgres: Settings) -> None:
    home = Home(only_postgres.home)
    stranger = started(SLEEPER)
    another = birth_of(psutil.Process(os.getpid()))
    write_json(home.run_file("command"), asdict(ProcessRecord("command", "worker", stranger.pid, another)))
    assert stop_orphans(home, print) == []
    assert stranger.poll() is None
    assert read_record(home, "command") is None
    stranger.kill()
    stranger.wait()


def test_a_process_is_recognised_after_the_clock_was_set(
    only_postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux computes the start time of a process from the clock, so it changes when the clock is set."""
    home = Home(only_postgres.home)
    child = started(SLEEPER)
    write_record(home, "command", "worker", child.pid, signal.SIGTERM)
    boot_time = psutil.boot_time()
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: boot_time + 3600)
    record = read_record(home, "command")
    assert record is not None
    assert record.process() is not None
    assert stop_orphans(home, print) == [record]
    assert child.wait(timeout=30) == -signal.SIGTERM


def test_an_orphan_that_ignores_the_signal_is_killed(only_postgres: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.child_processes.orphans.STOP_TIMEOUT_SECONDS", 0.5)
    home = Home(only_postgres.home)
    stubborn = started(STUBBORN)
    record = write_record(home, "saga", "worker", stubborn.pid, signal.SIGTERM)
    messages: list[str] = []
    assert stop_orphans(home, messages.append) == [record]
    assert stubborn.wait(timeout=10) == -signal.SIGKILL
    assert any("killing it" in text for text in messages)


@pytest.mark.parametrize("written", ["x", None, 0, -1, 70_000, 1.5, [1]])
def test_a_stored_port_that_is_not_a_port_is_replaced(only_postgres: Settings, written: object) -> None:
    home = Home(only_postgres.home)
    write_json(home.path / "ports.json", {"postgres": written})
    ports = Ports(home)
    assert ports.claim("postgres") == ports.remembered("postgres")
    assert is_free(ports.remembered("postgres"))


async def test_a_stored_port_that_another_process_uses_is_replaced(only_postgres: Settings, taken_port: int) -> None:
    home = Home(only_postgres.home)
    write_json(home.path / "ports.json", {"postgres": taken_port})
    stack = Devstack(only_postgres.home, only_postgres)
    addresses = await stack.start()
    assert f":{taken_port}/" not in addresses.database_url
    connection = await asyncpg.connect(addresses.database_url)
    await connection.close()
    await stack.stop()
