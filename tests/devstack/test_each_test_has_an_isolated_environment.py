"""Two tests on the same servers share nothing: each has its own database, Redis database and topics."""

from pathlib import Path

import asyncpg
from pydantic import SecretStr
from redis.asyncio import Redis

from tests.servers import Servers, isolated_environment


def plain(secret: SecretStr | None) -> str:
    """The address as plain text; a located setting always has one."""
    assert secret is not None
    return secret.get_secret_value()


async def _leave_a_mark(database_url: str, redis_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE mark (id int)")
    await connection.close()
    async with Redis.from_url(redis_url) as client:
        await client.set("mark", 1)


async def test_two_isolated_environments_share_nothing_and_leave_nothing(servers: Servers, tmp_path: Path) -> None:
    async with isolated_environment(servers, tmp_path / "a") as first:
        await _leave_a_mark(plain(first.database_url), plain(first.redis_url))
        async with isolated_environment(servers, tmp_path / "b") as second:
            # Would fail if the table or the key existed already.
            await _leave_a_mark(plain(second.database_url), plain(second.redis_url))
            assert first.topic_prefix != second.topic_prefix
            assert first.database_url != second.database_url
            assert first.redis_url != second.redis_url
    connection = await asyncpg.connect(plain(servers.settings.database_url))
    names = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
    await connection.close()
    assert plain(first.database_url).rpartition("/")[2] not in names
    async with Redis.from_url(plain(first.redis_url)) as client:
        assert await client.dbsize() == 0
