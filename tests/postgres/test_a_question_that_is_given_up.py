"""Whoever cancels a question to Postgres gets it cancelled, at whatever moment that is: no driver forgets it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database


async def one(database: Database) -> None:
    async with database.connection() as connection:
        await connection.fetchval("SELECT 1")


async def look_up(database: Database) -> None:
    await PostgresEventStore(database).look_up("users", [], ["ada"])


@pytest.mark.parametrize("question", [one, look_up])
async def test_ends_there(database: Database, question: Callable[[Database], Awaitable[None]]) -> None:
    async def ask_for_ever() -> None:
        while True:
            await question(database)

    for turns in range(40):
        await one(database)
        task = asyncio.create_task(ask_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), f"after {turns} turns of the loop it has not ended"
