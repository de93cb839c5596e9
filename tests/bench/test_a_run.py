"""`annals bench` from the command line: what it prints, also when it ends early, and that it leaves nothing behind."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
import typer.testing

from infra.cli.bench import app
from infra.settings import Settings
from tests.bench.conftest import SERVERS, bench_databases, leftovers
from tests.servers import Servers
from tests.warm.process import AnyProcess, start

DEADLINE_SECONDS = 180.0

pytestmark = pytest.mark.timeout(DEADLINE_SECONDS + 60)


@pytest_asyncio.fixture(scope="module")
async def idle_run(servers: Servers) -> AsyncIterator[AnyProcess]:
    """A run of the idle part. It waits for servers of its own most of the time, so other tests go on meanwhile."""
    arguments = ("bench", "idle", "--settle-seconds", "0", "--idle-seconds", "1", "--lanes", "1", "--json")
    process = await start("infra.cli.main", *arguments, env=os.environ | servers.settings.environment())
    yield process
    if process.returncode is None:
        process.terminate()
        await process.wait()


@pytest.mark.usefixtures("idle_run")
async def test_that_is_interrupted_prints_the_rounds_that_were_completed(settings: Settings) -> None:
    arguments = ("bench", "orders", "--orders", "100", "--rounds", "99", "--json")
    async with asyncio.timeout(DEADLINE_SECONDS):
        process = await start("infra.cli.main", *arguments, env=os.environ | settings.environment())
        await _second_round(settings)
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()
    assert process.returncode == 130
    measured = json.loads(output)
    assert measured["completed"] is False
    assert measured["each_round"]["orders"] == [measured["orders"]]
    orders, used = measured["orders"], measured["orders"]["cpu_microseconds"]
    assert set(used) == {"command", "saga", "projection", *SERVERS}
    workers = used["command"] + used["saga"] + used["projection"]
    assert orders["worker_cpu_microseconds"] == pytest.approx(workers, abs=0.01)
    assert orders["saga_share"] == pytest.approx(used["saga"] / workers, abs=0.01)
    assert not await leftovers(settings)


async def _second_round(settings: Settings) -> None:
    """Wait until the installation of the first round is gone and that of another is there."""
    assert settings.database_url is not None
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        databases: set[str] = set()
        while len(databases) < 2:
            databases.update(await bench_databases(connection))
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def test_of_an_idle_installation_by_process(idle_run: AnyProcess) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        output, errors = await idle_run.communicate()
    assert idle_run.returncode == 0, errors
    measured = json.loads(output)
    assert measured["completed"] is True
    idle = measured["idle"]
    workers = {"command", "saga", "projection", "gateway"}
    assert {"annals up", *workers, *SERVERS} <= set(idle["share_by_process"])
    assert idle["share"] == pytest.approx(sum(idle["share_by_process"].values()), abs=0.001)


def test_of_too_few_commands_for_a_rate_is_wrong_usage() -> None:
    assert typer.testing.CliRunner().invoke(app, ["commands", "--commands", "2000"]).exit_code == 2
