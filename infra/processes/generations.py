"""The adapters behind the operations on generations, on the servers that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.lanes import Lanes
from infra.postgres.pool import Database
from infra.redis.connection import client
from infra.redis.generations import RedisGenerations
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings
from workers.operations.generations.ports import GenerationPorts


@asynccontextmanager
async def open_generation_ports(settings: Settings, database: Database) -> AsyncIterator[GenerationPorts]:
    """For located settings and an open database."""
    keys, log = Keys(settings.topic_prefix), LogReader(settings)
    try:
        async with client(settings) as redis:
            yield GenerationPorts(
                generations=RedisGenerations(redis, keys),
                store=RedisReadModelWriter(redis, keys),
                table=PostgresEventStore(database),
                log=log,
                lanes=Lanes(database),
                topics=Topics(settings.topic_prefix),
                events=stored_events(),
                partitions=settings.partitions,
            )
    finally:
        await log.stop()
