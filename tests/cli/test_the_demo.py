"""`annals demo` on a running system: all results are as announced, and the workers that it pauses continue."""

import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from infra.child_processes.records import write_record
from infra.home import Home
from infra.measuring.demo.pausing import can_be_paused, paused
from infra.settings import Settings
from tests.cli.conftest import run_annals
from tests.servers import Servers, isolated_environment
from tests.system import System, running_system
from tests.waiting import until

ROLES = ("command", "saga", "projection")


@pytest_asyncio.fixture(scope="module")
async def system(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """One worker of each role, recorded in a home as `annals up` records the processes that it starts."""
    folder = tmp_path_factory.mktemp("demo")
    async with isolated_environment(servers, folder) as settings, running_system(settings, folder) as running:
        for role in ROLES:
            started = await running.worker(role)
            write_record(Home(settings.home), role, "worker", started.process.pid, signal.SIGTERM)
        for started in running.workers[:2]:
            await running.holding(started)
        yield running


async def _demo_lines(settings: Settings, *arguments: str) -> list[dict[str, Any]]:
    ended = await run_annals(settings, "demo", "--json", *arguments)
    assert ended.code == 0, ended.output + ended.errors
    return [json.loads(line) for line in ended.lines]


async def test_all_results_are_as_announced(system: System) -> None:
    lines = await _demo_lines(system.settings)
    results = {line["what"]: line for line in lines if line["kind"] == "result"}
    orders = {name.split("-")[1]: result["found"] for name, result in results.items() if name.startswith("order-")}
    assert set(orders) == {"good", "costly", "short", "late", "regretted", "open"}
    assert orders["good"].startswith("completed")
    assert "InsufficientFunds" in orders["costly"]
    assert "InsufficientStock" in orders["short"]
    assert "the deadline passed" in orders["late"]
    assert all(result["as_told"] for result in results.values())
    assert {"deposits = balances + captured", "received = on hand + shipped"} <= set(results)
    story = "\n".join(line["text"] for line in lines if line["kind"] == "story")
    assert "compensate" in story
    assert "release_funds" in story
    assert all(psutil.Process(worker.process.pid).status() != psutil.STATUS_STOPPED for worker in system.workers)


async def test_a_second_time_and_without_pausing_a_worker(system: System) -> None:
    lines = await _demo_lines(system.settings, "--no-pause")
    assert any("left out" in line["text"] for line in lines if line["kind"] == "note")
    assert not any("SIGSTOP" in line["text"] for line in lines if line["kind"] == "note")


async def test_a_command_that_it_shows_prints_the_same(system: System) -> None:
    ended = await run_annals(system.settings, "demo")
    (shown,) = [line for line in ended.lines if "$ annals sagas show fulfilment/" in line]
    repeated = await run_annals(system.settings, "sagas", "show", shown.split()[-1].removesuffix("\x1b[0m"))
    assert repeated.code == 0, repeated.errors
    assert "ended cancelled" in repeated.output


async def test_not_where_no_system_runs(tmp_path: Path) -> None:
    ended = await run_annals(Settings(home=tmp_path), "demo")
    assert ended.code == 3
    assert "annals up" in ended.errors


async def test_a_paused_worker_continues_also_after_an_error(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert not can_be_paused(settings, "saga")
    sleeper = psutil.Popen([sys.executable, "-c", "input()"], stdin=-1)
    try:
        write_record(Home(tmp_path), "saga", "worker", sleeper.pid, signal.SIGTERM)
        assert can_be_paused(settings, "saga")

        async def stopped() -> bool:
            return bool(sleeper.status() == psutil.STATUS_STOPPED)

        async def fails_meanwhile() -> None:
            with paused(settings, "saga"):
                await until(stopped, "the worker is paused")
                raise KeyError

        with pytest.raises(KeyError):
            await fails_meanwhile()

        async def continues() -> bool:
            return not await stopped()

        await until(continues, "the worker continues")
    finally:
        sleeper.kill()
        sleeper.wait()
