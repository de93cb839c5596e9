"""Opens what a verification reads, for one run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import topics_of
from infra.locating import located
from infra.postgres.pool import Database
from infra.redis.connection import client
from infra.redis.documents import StoredDocuments
from infra.redis.keys import Keys
from infra.settings import Settings
from infra.verify.sources import Sources
from workers.domain import contexts


@asynccontextmanager
async def open_sources(settings: Settings, database: Database) -> AsyncIterator[Sources]:
    """Log and read models besides an open database, which need not be able to change anything. Raises StackNotRunning
    and Unavailable.
    """
    settings = located(settings)
    log, topics = LogReader(settings), Topics(settings.topic_prefix)
    try:
        async with client(settings) as redis:
            documents = StoredDocuments(redis, Keys(settings.topic_prefix))
            wanted = topics_of(list(contexts()), settings)
            yield Sources(database, log, documents, topics, settings.partitions, wanted)
    finally:
        await log.stop()
