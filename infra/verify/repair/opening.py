"""Opens what a repair writes to, beside what a verification reads."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from infra.kafka.event_log import KafkaEventLog
from infra.locating import located
from infra.postgres.pool import Database
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings
from infra.verify.repair.tools import Account, Tools
from infra.verify.sources import Sources

OWNER = "verify --repair"


@asynccontextmanager
async def open_tools(
    settings: Settings, sources: Sources, writer: Database, actor: str, reason: str, say: Callable[[str], None]
) -> AsyncIterator[Tools]:
    """`writer` is an open database in the role `annals_writer`. Raises StackNotRunning and Unavailable."""
    settings = located(settings)
    log = KafkaEventLog(settings)
    try:
        async with client(settings) as redis:
            read_models = RedisReadModelWriter(redis, Keys(settings.topic_prefix))
            yield Tools(sources, writer, log, read_models, OWNER, Account(say), actor, reason)
    finally:
        await log.stop()
