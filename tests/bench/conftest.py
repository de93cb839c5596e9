"""`bench(...)` runs a tiny `annals bench` on the servers of the tests; what it leaves behind fails the test."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import psutil
import pytest_asyncio

from infra.settings import Settings
from tests.cli.conftest import Ended
from tests.warm.process import start

DEADLINE_SECONDS = 280.0

Bench = Callable[..., Awaitable[dict[str, Any]]]


async def run_bench(settings: Settings, *arguments: str) -> Ended:
    """Run it to its end."""
    environment = os.environ | settings.environment()
    process = await start("infra.cli.main", "bench", *arguments, env=environment)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


@pytest_asyncio.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    """The JSON of one round."""

    async def run(*arguments: str) -> dict[str, Any]:
        ended = await run_bench(settings, *arguments, "--rounds", "1", "--json")
        assert ended.code == 0, ended.errors
        answer: dict[str, Any] = json.loads(ended.output)
        return answer

    yield run
    assert not await leftovers(settings)


async def leftovers(settings: Settings) -> list[str]:
    """The databases of bench runs that still exist, and the processes that work in one."""
    assert settings.database_url is not None
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        rows = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'annals_bench_%'")
    finally:
        await connection.close()
    return [
        *(row[0] for row in rows),
        *(str(process.pid) for process in psutil.process_iter() if _benched(process, settings)),
    ]


def _benched(process: psutil.Process, settings: Settings) -> bool:
    """Whether it works in an environment of a bench run, on these servers."""
    try:
        environment = process.environ()
    except psutil.Error:
        return False
    on_these = environment.get("ANNALS_KAFKA_BOOTSTRAP_SERVERS") == settings.kafka_bootstrap_servers
    return on_these and "annals_bench_" in environment.get("ANNALS_TOPIC_PREFIX", "")
