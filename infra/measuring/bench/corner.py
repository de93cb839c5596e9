"""A corner for one run: a database and topics that nobody else uses, gone afterwards."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from infra.kafka.topics import create_topics, delete_topics, topics_of
from infra.postgres.databases import create_database, drop_database
from infra.postgres.migrate import migrate
from infra.redis.connection import client
from infra.settings import Settings
from workers.domain import contexts
from workers.ports.lanes import Unavailable


@asynccontextmanager
async def own_corner(settings: Settings) -> AsyncIterator[Settings]:
    """Settings for a run that leaves nothing behind. Raises Unavailable."""
    assert settings.database_url is not None
    name = f"annals_bench_{uuid.uuid4().hex[:8]}"
    url = settings.database_url.get_secret_value()
    own_url = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    own = settings.model_copy(update={"database_url": SecretStr(own_url), "topic_prefix": f"{name}."})
    topics = topics_of(list(contexts()), own)
    await create_database(url, name)
    try:
        await migrate(own_url)
        await create_topics(own, topics)
        yield own
    finally:
        with suppress(Unavailable):
            await delete_topics(own, [topic.name for topic in topics])
        with suppress(Unavailable):
            await _forget_read_models(own)
        await drop_database(url, name)


async def _forget_read_models(settings: Settings) -> None:
    async with client(settings) as redis:
        keys = [key async for key in redis.scan_iter(f"{settings.topic_prefix}*", count=10_000)]
        for start in range(0, len(keys), 10_000):
            await redis.unlink(*keys[start : start + 10_000])
