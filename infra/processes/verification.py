"""Opens what a verification reads, for one run or for many."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import topics_of
from infra.locating import located
from infra.monotonic_clock import MonotonicClock
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.pool import Database
from infra.postgres.verification.table import PostgresVerifiedTable
from infra.redis.connection import client
from infra.redis.documents import RedisStoredDocuments
from infra.redis.keys import Keys
from infra.settings import Settings
from infra.sqlite.step_scratch import sqlite_scratch
from workers.operations.verification.settle_timer import SETTLE_SECONDS
from workers.operations.verification.sources import Sources
from workers.ports.verification.topics import WantedTopic


@asynccontextmanager
async def open_sources(
    settings: Settings, database: Database, settle_seconds: float = SETTLE_SECONDS
) -> AsyncIterator[Sources]:
    """Log and read models, beside a database that need not be open yet, may have a single connection and need not be
    allowed to change anything. Raises StackNotRunning and Unavailable.
    """
    settings = located(settings)
    topic_reader = LogReader(settings)
    try:
        async with client(settings) as redis:
            yield Sources(
                contexts=chosen_contexts(settings),
                models=stored_events(),
                topics=Topics(settings.topic_prefix),
                partitions=settings.partitions,
                wanted_topics=[WantedTopic(*topic) for topic in topics_of(list(chosen_contexts(settings)), settings)],
                table=PostgresVerifiedTable(database),
                topic_reader=topic_reader,
                documents=RedisStoredDocuments(redis, Keys(settings.topic_prefix)),
                interventions=PostgresInterventions(database),
                scratch_space=sqlite_scratch,
                clock=MonotonicClock(),
                settle_seconds=settle_seconds,
            )
    finally:
        await topic_reader.stop()
