"""Each embedded server answers; a killed one comes back on the same port with all its data."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from infra.accounts import Account
from infra.devstack.errors import DevstackError
from infra.devstack.stack import Devstack
from infra.settings import Settings
from tests.devstack.stored_marks import ALL, StoredMarks, addresses_of


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Devstack]:
    home = tmp_path_factory.mktemp("killed") / "home"
    stack = Devstack(home, Settings(home=home, kafka_bootstrap_servers=None, database_url=None, redis_url=None))
    await stack.start()
    yield stack
    await stack.stop()


async def test_all_three_keep_their_data_and_ports_through_kills_and_an_orderly_stop(stack: Devstack) -> None:
    addresses = addresses_of(stack)
    marks = StoredMarks(addresses)
    await marks.put()
    for name in ("postgres", "redis", "kafka"):
        await stack.kill(name)
        assert not stack.processes[name].is_running
        await stack.restart(name)
    assert await marks.read() == ALL
    await stack.stop()
    assert await stack.start() == addresses
    assert await marks.read() == ALL


async def test_postgres_syncs_to_disk_and_redis_evicts_nothing(stack: Devstack) -> None:
    addresses = addresses_of(stack)
    connection = await asyncpg.connect(addresses.database_url)
    assert await connection.fetchval("SHOW fsync") == "on"
    assert int(await connection.fetchval("SHOW max_connections")) >= 100
    await connection.close()
    async with Redis.from_url(addresses.redis_url, decode_responses=True) as client:
        assert await client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert await client.config_get("appendonly") == {"appendonly": "yes"}


def test_passwords_show_on_no_command_line_in_no_log_and_in_no_file_that_others_may_read(stack: Devstack) -> None:
    secrets = [path.read_text() for path in (stack.home.path / "secrets").iterdir()]
    assert len(secrets) == 2 * len(Account), "on Postgres and on Redis"
    for name, process in stack.processes.items():
        command_line = Path(f"/proc/{process.pid}/cmdline")
        if command_line.exists():
            assert not any(secret.encode() in command_line.read_bytes() for secret in secrets), name
        assert not any(secret in stack.home.log_file(name).read_text() for secret in secrets), name
    holders = [path for path in stack.home.path.rglob("*") if path.is_file() and _holds(path, secrets)]
    assert {path.stat().st_mode & 0o077 for path in holders} == {0}


async def test_a_server_that_the_stack_does_not_run_cannot_be_killed_through_it(stack: Devstack) -> None:
    with pytest.raises(DevstackError, match="no embedded oracle"):
        await stack.kill("oracle")


def _holds(path: Path, secrets: list[str]) -> bool:
    content = path.read_bytes()
    return any(secret.encode() in content for secret in secrets)
