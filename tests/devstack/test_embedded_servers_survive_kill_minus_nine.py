"""Each embedded server answers, and one that was killed comes back on the same port with all its data."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from infra.devstack.addresses import Addresses
from infra.devstack.errors import DevstackError
from infra.devstack.stack import Devstack
from infra.settings import Settings

TOPIC = "kept"


class Keepsakes:
    """One record, one row, one key: put once, asked for after each mishap."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def put(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._addresses.kafka_bootstrap_servers)
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=self._addresses.kafka_bootstrap_servers, acks="all")
        await producer.start()
        await producer.send_and_wait(TOPIC, b"a record", partition=0)
        await producer.stop()
        connection = await asyncpg.connect(self._addresses.database_url)
        await connection.execute("CREATE TABLE kept AS SELECT 'a row' AS it")
        await connection.close()
        async with Redis.from_url(self._addresses.redis_url) as client:
            await client.set("kept", "a key")

    async def found(self) -> dict[str, str]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._addresses.kafka_bootstrap_servers)
        await consumer.start()
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        record = await consumer.getone()
        await consumer.stop()
        connection = await asyncpg.connect(self._addresses.database_url)
        row = await connection.fetchval("SELECT it FROM kept")
        await connection.close()
        async with Redis.from_url(self._addresses.redis_url, decode_responses=True) as client:
            key = await client.get("kept")
        return {"kafka": record.value.decode(), "postgres": row, "redis": key}


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Devstack]:
    home = tmp_path_factory.mktemp("killed") / "home"
    stack = Devstack(home, Settings(home=home, kafka_bootstrap_servers=None, database_url=None, redis_url=None))
    await stack.start()
    yield stack
    await stack.stop()


async def test_all_three_keep_their_data_and_ports_through_kills_and_an_orderly_stop(stack: Devstack) -> None:
    addresses = _addresses(stack)
    keepsakes = Keepsakes(addresses)
    await keepsakes.put()
    for name in ("postgres", "redis", "kafka"):
        await stack.kill(name)
        assert not stack.processes[name].is_running
        await stack.restart(name)
    assert await keepsakes.found() == {"kafka": "a record", "postgres": "a row", "redis": "a key"}
    await stack.stop()
    assert await stack.start() == addresses
    assert await keepsakes.found() == {"kafka": "a record", "postgres": "a row", "redis": "a key"}


async def test_postgres_syncs_to_disk_and_redis_evicts_nothing(stack: Devstack) -> None:
    addresses = _addresses(stack)
    connection = await asyncpg.connect(addresses.database_url)
    assert await connection.fetchval("SHOW fsync") == "on"
    assert int(await connection.fetchval("SHOW max_connections")) >= 100
    await connection.close()
    async with Redis.from_url(addresses.redis_url, decode_responses=True) as client:
        assert await client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert await client.config_get("appendonly") == {"appendonly": "yes"}


def test_passwords_show_on_no_command_line_in_no_log_and_in_no_file_that_others_may_read(stack: Devstack) -> None:
    secrets = [path.read_text() for path in (stack.home.path / "secrets").iterdir()]
    assert len(secrets) == 2
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


def _addresses(stack: Devstack) -> Addresses:
    return Addresses(*(stack.processes[name].server.address for name in ("kafka", "postgres", "redis")))


def _holds(path: Path, secrets: list[str]) -> bool:
    content = path.read_bytes()
    return any(secret.encode() in content for secret in secrets)
