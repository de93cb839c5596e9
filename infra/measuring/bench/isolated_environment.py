"""An isolated environment for one run: a database, topics and read models of its own, deleted afterwards."""

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
async def isolated_environment(settings: Settings) -> AsyncIterator[Settings]:
    """Settings for a run that leaves nothing behind, for located settings. Raises Unavailable."""
    assert settings.database_url is not None
    name = f"annals_bench_{uuid.uuid4().hex[:8]}"
    url = settings.database_url.get_secret_value()
    isolated_url = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    isolated = settings.model_copy(update={"database_url": SecretStr(isolated_url), "topic_prefix": f"{name}."})
    topics = topics_of(list(contexts()), isolated)
    await create_database(url, name)
    try:
        await migrate(isolated_url)
        await create_topics(isolated, topics)
        yield isolated
    finally:
        with suppress(Unavailable):
            await delete_topics(isolated, [topic.name for topic in topics])
        with suppress(Unavailable):
            await _delete_read_models(isolated)
        await drop_database(url, name)


async def _delete_read_models(settings: Settings) -> None:
    async with client(settings) as redis:
        keys = [key async for key in redis.scan_iter(f"{settings.topic_prefix}*", count=10_000)]
        for start in range(0, len(keys), 10_000):
            await redis.unlink(*keys[start : start + 10_000])
