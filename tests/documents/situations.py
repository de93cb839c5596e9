"""The situations that infra/README.md speaks of, made for real before their blocks are typed."""

import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from redis.asyncio import Redis

from contracts.partitioner import partition_for
from contracts.topics import Topics
from contracts.users.commands import CreateUser
from infra.child_processes.records import read_record
from infra.home import Home
from infra.kafka.message_sender import KafkaMessageSender
from infra.locating import as_setting_values
from infra.redis.keys import Keys
from infra.settings import Settings
from tests.dead_letters.letters import original, written
from tests.documents.blocks import blocks
from workers.ports.parked import ParkedStream
from workers.ports.read_models import Generation

Addresses = Mapping[str, str]
"""The servers' addresses and ANNALS_HOME, by the names of their variables."""
TOPIC, PARTITIONS = "users.commands", 6


@asynccontextmanager
async def before(heading: str, addresses: Addresses) -> AsyncIterator[dict[str, str]]:
    """Make what a heading speaks of; yields the variables that its block uses; tidies up what would stay."""
    make = SITUATIONS.get(heading)
    variables = await make(addresses) if make is not None else {}
    yield variables
    if heading in ENDS:
        await ENDS[heading](addresses)


async def a_command_that_failed(addresses: Addresses) -> dict[str, str]:
    """The dead letter users.commands/3/1234 of a command that can be handled by now."""
    maria = CreateUser(user_id="maria", first_name="Maria", last_name="Mitchell", email="maria@example.org")
    headers = {"ce_specversion": "1.0", "ce_id": "0198c0de-0000-7000-8000-000000001234", "ce_type": maria.type}
    record = original(
        offset=1234,
        key=b"maria",
        value=maria.to_json(),
        headers=[(name, value.encode()) for name, value in {**headers, "ce_source": "/shop"}.items()],
    )
    settings = Settings(**as_setting_values({"kafka_bootstrap_servers": addresses["ANNALS_KAFKA_BOOTSTRAP_SERVERS"]}))
    sender = KafkaMessageSender(settings)
    try:
        await sender.send([(Topics.dead_letters(TOPIC), 0, written(record, reason="CommandFailed"))])
    finally:
        await sender.stop()
    return {}


def _parked(stream_id: str) -> tuple[str, ParkedStream]:
    place = f"{Keys('').parked(Generation('users', 1), 'users.events', partition_for(stream_id.encode(), PARTITIONS))}"
    error = "KeyError in evolve, domain/users/card.py:1"
    return place, ParkedStream("users", stream_id, 2, 2, "users.UserWelcomed.v1", error, 3, "2026-01-01T00:00:00Z")


async def streams_that_wait(addresses: Addresses) -> dict[str, str]:
    """Two streams that the projection `users` cannot apply an event of, as its worker notes them."""
    async with Redis.from_url(addresses["ANNALS_REDIS_URL"]) as redis:
        for stream_id in ("ada", "grace"):
            key, parked = _parked(stream_id)
            await redis.hset(key, stream_id, json.dumps(parked._asdict()))
    # A worker knows what it has parked; one that starts reads it. `up` starts the role again.
    record = read_record(Home(Path(addresses["ANNALS_HOME"])), "projection")
    assert record is not None
    os.kill(record.pid, signal.SIGTERM)
    return {}


async def no_stream_waits(addresses: Addresses) -> None:
    async with Redis.from_url(addresses["ANNALS_REDIS_URL"]) as redis:
        for stream_id in ("ada", "grace"):
            key, _ = _parked(stream_id)
            await redis.delete(key, key.replace(":parked:", ":parked_requests:"))


async def an_order_that_was_placed(addresses: Addresses) -> dict[str, str]:
    """The order of README.md, and the correlation id of its request."""
    return {
        "correlation": str(
            await _value(addresses, "SELECT correlation_id FROM annals.sagas WHERE instance_id = 'first'")
        )
    }


async def a_lane_that_was_interrupted(addresses: Addresses) -> dict[str, str]:
    """A topic that was made again, as its lane notes it."""
    await _value(
        addresses,
        "INSERT INTO annals.log_interruptions (role, topic, partition, kind, former_topic_id, topic_id, consumed,"
        " start_offset, end_offset, resumed_at)"
        " VALUES ('command', 'users.commands', 0, 'recreated', 'one', 'two', 5, 0, 3, 0) RETURNING id",
    )
    return {}


async def a_topic_that_has_grown(addresses: Addresses) -> dict[str, str]:
    """The users' commands with a partition more than the installation has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=addresses["ANNALS_KAFKA_BOOTSTRAP_SERVERS"])
    await admin.start()
    try:
        await admin.create_partitions({TOPIC: NewPartitions(PARTITIONS + 1)})
    finally:
        await admin.close()
    return {}


async def _value(addresses: Addresses, query: str) -> object:
    connection = await asyncpg.connect(addresses["ANNALS_DATABASE_URL"], timeout=10)
    try:
        return await connection.fetchval(query, timeout=10)
    finally:
        await connection.close(timeout=10)


async def a_function_for_a_copy(addresses: Addresses) -> dict[str, str]:
    """The function that the manual shows, in a folder from which Python imports."""
    folder = Path(addresses["ANNALS_HOME"]).parent
    (shown,) = [block for block in blocks("infra/README.md") if block.file == "corrections.py"]
    (folder / shown.file).write_text(shown.text, "utf-8")
    return {"PYTHONPATH": str(folder)}


SITUATIONS: dict[str, Callable[[Addresses], Awaitable[dict[str, str]]]] = {
    "A command failed": a_command_that_failed,
    "A projection or a saga cannot apply an event": streams_that_wait,
    "Events must be replaced": a_function_for_a_copy,
    "A saga waits": an_order_that_was_placed,
    "Commands may be lost": a_lane_that_was_interrupted,
    "A topic has another number of partitions than the installation": a_topic_that_has_grown,
}
ENDS: dict[str, Callable[[Addresses], Awaitable[None]]] = {
    "A projection or a saga cannot apply an event": no_stream_waits,
}
