"""Batches of some kilobytes that unpack to hundreds of megabytes: no reader takes the memory, and none loses a record.

Each is sent to a topic of commands, to an event log and to the replies: whoever may write there could otherwise end
every process that reads it.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from contracts.client.command_client import CommandClient
from contracts.client.unpacking import HEADER
from contracts.partitioner import partition_for
from contracts.users.commands import CreateUser
from infra.kafka.log_reader import LogReader
from tests.fuzz.outside_reader import readers_outside_get_every_event
from tests.fuzz.packed_batches import many_headers, many_records, zeros
from tests.fuzz.raw_batches import produce_batch
from tests.peak_memory import MEBIBYTE, peak_memory
from tests.sent_commands import Sent, create_user
from tests.system import System
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, verified
from tests.verification.orders import accepted
from tests.waiting import until

PARTITION = 2
BOMB_BYTES = 192 * MEBIBYTE
# As much of a batch as may be unpacked takes 32 MiB; the packed batch is there as well.
MAX_GROWTH_MEBIBYTES = 64
RECORDS, HEADERS = 1_000_000, 8_000_000
Bomb = tuple[Callable[[], bytes], int]
"""What makes the batch, and how many offsets it has."""
BOMBS: dict[str, Bomb] = {
    "gzip": (lambda: zeros("gzip", BOMB_BYTES), 1),
    "snappy": (lambda: zeros("snappy", BOMB_BYTES), 1),
    "xerial": (lambda: zeros("xerial", BOMB_BYTES), 1),
    "lz4": (lambda: zeros("lz4", BOMB_BYTES), 1),
    "zstd": (lambda: zeros("zstd", BOMB_BYTES), 1),
    "records": (lambda: many_records(RECORDS), RECORDS),
    "headers": (lambda: many_headers([HEADERS]), 1),
}
# The event log takes at most 2 MiB, the replies 1 MiB.
SMALL_BOMBS = ("gzip", "lz4", "zstd", "records", "headers")


def _user() -> Sent:
    """A CreateUser whose key belongs to `PARTITION`."""
    while True:
        sent = create_user()
        if partition_for(sent.stream_id.encode(), 6) == PARTITION:
            return sent


async def _produce(system: System, name: str, batch: bytes) -> int:
    return await produce_batch(str(system.settings.kafka_bootstrap_servers), system.topic(name), PARTITION, batch)


async def _letter(system: System, offset: int) -> dict[str, bytes]:
    """The headers of the dead letter of this offset, and its value as `value`."""

    async def found() -> Any:
        (letters,) = system.records("users.commands.dlq")
        wanted = {"dlq_partition": b"%d" % PARTITION, "dlq_offset": b"%d" % offset}
        return [letter for letter in letters if wanted.items() <= dict(letter.headers()).items()]

    (letter,) = await until(found, f"offset {offset} is in the dead letters", every=0.3)
    return {**dict(letter.headers()), "value": letter.value()}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_among_commands_is_one_dead_letter_and_its_neighbours_are_handled(system: System, bomb: str) -> None:
    make, records = BOMBS[bomb]
    batch = make()
    before, after = _user(), _user()
    worker = system.workers[0]
    with peak_memory(worker.process.pid) as memory:
        await asyncio.to_thread(system.send, [before])
        first = await _produce(system, "users.commands", batch)
        await asyncio.to_thread(system.send, [after])
        await accepted(system, [before, after])
    assert memory.growth_mebibytes < MAX_GROWTH_MEBIBYTES
    last = first + records - 1
    letter = await _letter(system, last)
    assert (letter["dlq_reason"], letter["value"][HEADER.size :]) == (b"BatchTooLarge", batch[HEADER.size :])
    said = f"the record batch of {len(batch)} bytes at the offsets {first} to {last} "
    assert letter["dlq_error"].decode().startswith(said)
    assert said in worker.log()
    assert not await system.value("SELECT count(*) FROM annals.log_interruptions"), "no record is taken for deleted"


async def test_verify_passes_and_lists_the_dead_letters(system: System) -> None:
    await system.settled()
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {})
    listed = (await system.annals("dlq", "list", "--json")).json()
    assert [letter["reason"] for letter in listed["letters"]] == ["BatchTooLarge"] * len(BOMBS)


async def test_a_worker_that_starts_again_goes_on_behind_them(system: System) -> None:
    worker = system.workers[0]
    assert await worker.stop() == 0
    letters = len(system.records("users.commands.dlq")[0])
    system.workers[0] = await system.worker("command")
    await system.holding(system.workers[0], system.settings.partitions)
    user = _user()
    await asyncio.to_thread(system.send, [user])
    await accepted(system, [user])
    assert len(system.records("users.commands.dlq")[0]) == letters


async def test_a_reader_of_topics_takes_the_memory_only_where_the_bound_is_raised(system: System) -> None:
    """The same batch with the bound turned off shows what it would do."""
    first = await _produce(system, "users.commands", zeros("zstd", BOMB_BYTES))
    bounded, unbounded = await _read_growth_mebibytes(system, first)
    assert bounded < MAX_GROWTH_MEBIBYTES
    assert unbounded > BOMB_BYTES / MEBIBYTE


async def test_many_within_the_bound_are_not_unpacked_all_at_once(system: System) -> None:
    """Each makes a dead letter of its own. A worker has one or two of them at a time, and so has a reader of topics."""
    worker, user, batch = system.workers[0], _user(), zeros("zstd", 30 * MEBIBYTE)
    with peak_memory(worker.process.pid) as memory:
        first = await _produce(system, "users.commands", batch)
        for _ in range(19):
            await _produce(system, "users.commands", batch)
        await asyncio.to_thread(system.send, [user])
        await accepted(system, [user])
    bounded, unbounded = await _read_growth_mebibytes(system, first)
    assert memory.growth_mebibytes < 8 * 30
    # It takes five times a batch, to the byte: less only where a reader before has left memory. All at once take 21.
    assert bounded < 6 * 30
    assert unbounded > 10 * 30, "some of what it takes may have been left by the reader before"


async def _read_growth_mebibytes(system: System, offset: int) -> tuple[float, float]:
    """By how much the memory grows while the commands are read from an offset: with the bound, and without it."""
    growth = []
    for settings in (system.settings, system.settings.model_copy(update={"kafka_max_unpacked_bytes": 4 * BOMB_BYTES})):
        reader = LogReader(settings)
        try:
            with peak_memory(os.getpid()) as memory:
                async for records in reader.records(system.topic("users.commands"), PARTITION, offset):
                    assert records
            growth.append(memory.growth_mebibytes)
        finally:
            await reader.stop()
    bounded, unbounded = growth
    return bounded, unbounded


@pytest.mark.timeout(180)
async def test_in_the_event_log_every_reader_passes_them_over_and_verify_names_them(system: System) -> None:
    batches = [make() for make, _ in map(BOMBS.__getitem__, SMALL_BOMBS)]
    await _created(system)
    pids = [worker.process.pid for worker in system.workers[1:]]
    with ExitStack() as stack:
        memories = [stack.enter_context(peak_memory(pid)) for pid in [*pids, os.getpid()]]
        for batch in batches:
            await _produce(system, "users.events", batch)
        await _created(system)
        await readers_outside_get_every_event(system)
    assert max(memory.growth_mebibytes for memory in memories) < MAX_GROWTH_MEBIBYTES
    _, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert verdict["found"] == {"foreign record in the log": len(SMALL_BOMBS)}
    assert all("the record batch of" in example["explanation"] for example in verdict["examples"])


async def test_among_replies_they_keep_no_client_from_its_own(system: System) -> None:
    batches = [make() for make, _ in map(BOMBS.__getitem__, SMALL_BOMBS)]
    servers, prefix = str(system.settings.kafka_bootstrap_servers), system.settings.topic_prefix
    async with CommandClient(servers, source="/tests", topic_prefix=prefix) as client:
        with peak_memory(os.getpid()) as memory:
            for partition in range(system.settings.partitions):
                for batch in batches:
                    await produce_batch(servers, system.topic("replies"), partition, batch)
            user_id = _user().stream_id
            ada = CreateUser(user_id=user_id, first_name="Ada", last_name="L", email=f"{user_id}@example.org")
            outcome = await client.ask(ada, wait_seconds=30)
    assert outcome is not None
    assert outcome.status == "accepted"
    assert memory.growth_mebibytes < MAX_GROWTH_MEBIBYTES


async def _created(system: System) -> None:
    """Create some users, and wait until all users are welcomed and projected."""
    users = [_user() for _ in range(20)]
    await asyncio.to_thread(system.send, users)
    await accepted(system, users)
    await system.settled()
