"""A workshop on the servers that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from infra.projections.building import Workshop
from infra.redis.connection import client
from infra.redis.generations import Generations
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings


@asynccontextmanager
async def workshop_on(settings: Settings, database: Database) -> AsyncIterator[Workshop]:
    """For located settings and an open database."""
    keys, log = Keys(settings.topic_prefix), LogReader(settings)
    try:
        async with client(settings) as redis:
            yield Workshop(
                Generations(redis, keys),
                RedisReadModelWriter(redis, keys),
                PostgresEventStore(database),
                log,
                Topics(settings.topic_prefix),
                settings.partitions,
            )
    finally:
        await log.stop()
