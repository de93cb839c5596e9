"""The adapters behind the operations on parked streams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.postgres.parked_streams import PostgresParkedStreams
from infra.postgres.pool import Database
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.parked_streams import RedisParkedStreams
from infra.settings import Settings
from workers.operations.parked_streams import ParkedStreamPorts


@asynccontextmanager
async def open_parked_streams(settings: Settings, database: Database) -> AsyncIterator[ParkedStreamPorts]:
    """For located settings. The database must be open before the first call of an operation."""
    async with client(settings) as redis:
        yield ParkedStreamPorts(
            chosen_contexts(settings),
            Topics(settings.topic_prefix),
            RedisParkedStreams(redis, Keys(settings.topic_prefix), settings.partitions),
            PostgresParkedStreams(database),
        )
