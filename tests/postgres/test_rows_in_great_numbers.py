"""What follows when rows were generated may take long, needs no superuser, and leaves the session as it was."""

import pytest

from infra.postgres.generated_rows import GeneratedRows
from infra.postgres.pool import Database


@pytest.mark.parametrize("role", [None, "annals_writer"], ids=["owner", "without the right to a checkpoint"])
async def test_a_session_has_its_limit_of_time_again(url: str, role: str | None) -> None:
    database = Database(url, role=role, connections=1)
    await database.open()
    try:
        before = await _limit(database)
        await GeneratedRows(database).settle()
        assert await _limit(database) == before != "0"
    finally:
        await database.close()


async def _limit(database: Database) -> str:
    async with database.connection() as connection:
        limit: str = await connection.fetchval("SHOW statement_timeout")
        return limit
