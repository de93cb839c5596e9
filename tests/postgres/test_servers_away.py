"""A database that is away, silent or dying is Unavailable within the deadline, and the pool finds it again."""

import asyncio
import time
from typing import Any

import pytest

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from tests.postgres.batches import LANE, everything, tables
from tests.waiting import until
from workers.ports.lanes import LaneGrant, Mark, Unavailable

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_no_server_listens(closed_port: str) -> None:
    database = Database(closed_port, role=None, connections=1)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await database.open()
    assert caught.value.server == "Postgres"
    assert time.monotonic() - began < 5


async def test_no_server_answers(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.postgres.pool.CONNECT_TIMEOUT_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await Database(silent, role=None, connections=1).open()
    assert time.monotonic() - began < 5


async def test_a_pool_that_is_not_open() -> None:
    with pytest.raises(Unavailable):
        await PostgresEventStore(Database("postgresql://127.0.0.1/", role=None, connections=1)).acquire(LANE, "owner")


async def test_all_connections_are_busy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.postgres.pool.ACQUIRE_TIMEOUT_SECONDS", 0.3)
    database = Database(url, role=None, connections=1)
    await database.open()
    try:
        async with database.connection():
            with pytest.raises(Unavailable):
                await PostgresEventStore(database).acquire(LANE, "owner")
        assert (await PostgresEventStore(database).acquire(LANE, "owner")).epoch == 1
    finally:
        await database.close()


async def test_an_answer_that_takes_too_long(url: str, onlooker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.postgres.pool.COMMAND_TIMEOUT_SECONDS", 0.3)
    database = Database(url, role="annals_writer", connections=1)
    await database.open()
    store = PostgresEventStore(database)
    try:
        await store.acquire(LANE, "owner")
        async with onlooker.transaction():
            await onlooker.execute("LOCK TABLE annals.lanes")
            began = time.monotonic()
            with pytest.raises(Unavailable):
                await store.commit(everything())
            assert time.monotonic() - began < 5
        # The statement was cancelled, not left behind: nothing of it arrives later.
        assert await store.acquire(LANE, "owner") == LaneGrant(2, 0, 0, Mark(0, -1), 0)
    finally:
        await database.close()


async def test_a_backend_ended_in_the_middle_of_a_batch(database: Database, onlooker: Any) -> None:
    store = PostgresEventStore(database)
    await store.acquire(LANE, "owner")
    before = await tables(onlooker)
    async with onlooker.transaction():
        await onlooker.execute("LOCK TABLE annals.lanes")
        committing = asyncio.create_task(store.commit(everything()))
        backend = await until(lambda: onlooker.fetchval(WAITING), "the batch waits for the table")
        await onlooker.execute("SELECT pg_terminate_backend($1)", backend)
        with pytest.raises(Unavailable) as caught:
            await committing
    assert caught.value.server == "Postgres"
    assert await tables(onlooker) == before
    await store.commit(everything())


async def test_all_backends_ended_between_two_batches(database: Database, onlooker: Any) -> None:
    store = PostgresEventStore(database)
    await store.acquire(LANE, "owner")
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    assert await onlooker.fetchval(f"SELECT count(pg_terminate_backend(pid)) {others}") > 0

    async def acquired() -> LaneGrant | None:
        try:
            return await store.acquire(LANE, "owner")
        except Unavailable:
            return None

    grant = await until(acquired, "the pool connects again", seconds=10)
    assert grant is not None
    assert grant.epoch >= 2
