"""A service reads each event once and in order, whatever happens to its processes, its group and the log."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

from contracts.client.errors import EventsMissing
from contracts.client.event_consumer import EventBatch
from contracts.client.event_reader import ReadPosition
from contracts.client.ordered_log import pass_gap, wait_for_gap
from infra.settings import Settings
from tests.client.services.into_postgres import IntoPostgres, pool_on
from tests.client.services.into_sqlite import IntoSqlite
from tests.client.services.runs import consumer_for, has_seen, running, seen
from tests.client.test_the_event_log_is_read import write
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("short_delays_of_a_consumer")


async def test_each_event_is_stored_once_over_many_restarts(kafka: Settings, service: IntoSqlite) -> None:
    for start in range(1, 30, 5):
        await write(kafka, 0, [*range(max(1, start - 3), start + 5), 0])
        async with running(consumer_for(kafka, load=service.load), service.handle):
            await has_seen(service, range(1, start + 5))
    assert await service.load(0) == ReadPosition(30, 50)


async def test_a_handler_that_raises_ends_the_run_and_nothing_is_passed(kafka: Settings, service: IntoSqlite) -> None:
    await write(kafka, 0, [1, 2, 3])

    async def broken(batch: EventBatch) -> None:
        raise ConnectionRefusedError("the service's own database")

    with pytest.raises(ConnectionRefusedError):
        await consumer_for(kafka, load=service.load).run(broken)
    assert seen(service) == []
    async with running(consumer_for(kafka, load=service.load), service.handle):
        await has_seen(service, [1, 2, 3])


async def test_a_gap_is_held_until_its_repair_and_then_all_comes_in_order(kafka: Settings, service: IntoSqlite) -> None:
    await write(kafka, 0, [1, 2, 5, 6])
    async with running(consumer_for(kafka, load=service.load, on_gap=wait_for_gap), service.handle) as task:
        await has_seen(service, [1, 2])
        await write(kafka, 0, [7])
        await asyncio.wait({task}, timeout=1)
        assert seen(service) == [1, 2]
        await write(kafka, 0, [3, 4])
        await has_seen(service, [1, 2, 3, 4, 5, 6, 7])
    assert await service.load(0) == ReadPosition(7, 7)


async def test_a_gap_that_stays_is_reported_as_an_error(kafka: Settings, service: IntoSqlite) -> None:
    await write(kafka, 0, [1, 4, 5])
    with pytest.raises(EventsMissing) as missing:
        await consumer_for(kafka, load=service.load, gap_wait_seconds=0.3).run(service.handle)
    assert (missing.value.partition, missing.value.first, missing.value.last) == (0, 2, 3)
    assert await service.load(0) == ReadPosition(1, 1)


async def test_or_as_a_value_in_the_batch_that_goes_on_behind_it(kafka: Settings, service: IntoSqlite) -> None:
    await write(kafka, 0, [1, 4, 5])
    gaps: list[tuple[int, int]] = []

    async def noting(batch: EventBatch) -> None:
        gaps.extend(batch.gaps())
        await service.handle(batch)

    async with running(consumer_for(kafka, load=service.load, on_gap=pass_gap, gap_wait_seconds=0.3), noting):
        await has_seen(service, [1, 4, 5])
    assert gaps == [(2, 3)]


@pytest.mark.parametrize("group", [None, "shop-cards"], ids=["partitions", "group"])
async def test_two_consumers_at_once_store_each_event_once(kafka: Settings, group: str | None) -> None:
    assert kafka.database_url is not None
    pool = await pool_on(kafka.database_url.get_secret_value())
    try:
        service = IntoPostgres(pool)
        options = {"load": service.load, "group": group and f"{kafka.topic_prefix}{group}", "max_batch_events": 7}
        first, second = consumer_for(kafka, **options), consumer_for(kafka, **options)
        async with running(first, service.handle) as one, running(second, service.handle) as other:
            for start in range(1, 200, 50):
                await asyncio.gather(*(write(kafka, number, range(start, start + 50)) for number in range(3)))

            async def stored() -> bool:
                assert (one.done(), other.done()) == (False, False)
                return bool(await pool.fetchval("SELECT count(*) >= 600 FROM seen"))

            await until(stored, "all is stored", seconds=60)
        for number in range(3):
            rows = await pool.fetch("SELECT sequence FROM seen WHERE partition = $1 ORDER BY number", number)
            assert [row["sequence"] for row in rows] == list(range(1, 201))
    finally:
        await pool.close()


async def test_a_handler_that_is_too_slow_for_its_group_is_fenced_by_the_stored_position(
    kafka: Settings, service: IntoSqlite, tmp_path: Path
) -> None:
    """The first one sits in its handler until the second has taken the partition over and stored the same events."""
    await write(kafka, 0, [1, 2, 3])
    other = IntoSqlite(str(tmp_path / "service.sqlite"))
    group, sitting = f"{kafka.topic_prefix}shop", asyncio.Event()

    async def slow(batch: EventBatch) -> None:
        sitting.set()
        await has_seen(service, [1, 2, 3])
        await service.handle(batch)

    sleeper = consumer_for(kafka, load=service.load, group=group, max_handling_seconds=0.5)
    async with running(sleeper, slow) as task:
        await asyncio.wait_for(sitting.wait(), 30)
        async with running(consumer_for(kafka, load=other.load, group=group), other.handle):
            await has_seen(service, [1, 2, 3])
            await write(kafka, 0, [4])
            await has_seen(service, [1, 2, 3, 4])
        assert not task.done()
    assert seen(service) == [1, 2, 3, 4]


KILLED = """
import asyncio, os, sys
from contracts.client.event_consumer import EventConsumer
from tests.client.services.into_sqlite import IntoSqlite

service, handled = IntoSqlite(sys.argv[3]), 0

async def handle(batch):
    global handled
    await service.handle(batch)
    handled += 1
    if handled == 2:
        os.kill(os.getpid(), 9)  # between its commit and the next poll

consumer = EventConsumer(sys.argv[1], context="users", topic_prefix=sys.argv[2], load=service.load, max_batch_events=2)
asyncio.run(consumer.run(handle))
"""


async def test_a_process_killed_between_its_commit_and_the_next_poll(kafka: Settings, tmp_path: Path) -> None:
    await write(kafka, 0, range(1, 11))
    path = str(tmp_path / "service.sqlite")
    arguments = [sys.executable, "-c", KILLED, str(kafka.kafka_bootstrap_servers), kafka.topic_prefix, path]
    for kills in range(1, 3):
        process = await asyncio.create_subprocess_exec(*arguments)
        async with asyncio.timeout(60):
            assert await process.wait() == -9
        with sqlite3.connect(path) as database:
            rows = database.execute("SELECT sequence FROM seen ORDER BY number").fetchall()
        assert [sequence for (sequence,) in rows] == list(range(1, 4 * kills + 1))
