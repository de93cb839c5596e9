"""The fixture `annals_servers` starts one stack for a session, and stops it."""

import asyncpg

from infra.settings import Settings


async def test_answer_at_the_addresses_that_the_settings_name(annals_servers: Settings) -> None:
    assert annals_servers.kafka_bootstrap_servers
    assert annals_servers.redis_url is not None
    assert annals_servers.database_url is not None
    database = await asyncpg.connect(annals_servers.database_url.get_secret_value(), timeout=10)
    try:
        assert await database.fetchval("SELECT 1", timeout=10) == 1
    finally:
        await database.close(timeout=10)
