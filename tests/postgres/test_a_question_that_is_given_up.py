"""Whoever cancels a question to Postgres gets it cancelled, at whatever moment that is: no driver forgets it."""

from collections.abc import Awaitable, Callable

import pytest

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from tests.cancelling import assert_ends_when_cancelled


async def one(database: Database) -> None:
    async with database.connection() as connection:
        await connection.fetchval("SELECT 1")


async def look_up(database: Database) -> None:
    await PostgresEventStore(database).look_up("users", [], ["ada"])


@pytest.mark.parametrize("question", [one, look_up])
async def test_ends_there(database: Database, question: Callable[[Database], Awaitable[None]]) -> None:
    await assert_ends_when_cancelled(lambda: question(database), lambda: one(database))
