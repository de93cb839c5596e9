"""An installation under measurement: a database, topics and read models of its own, deleted afterwards.

The checkout that is measured makes its own schema and topics. The bench asks the database only what the contract says
of it, without looking whether the schema is this checkout's.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psutil
from pydantic import SecretStr

from infra.kafka.topics import delete_topics, topics_of
from infra.measuring.bench.checkout import Checkout
from infra.measuring.bench.servers import Servers
from infra.postgres.databases import create_database, drop_database
from infra.postgres.generated_rows import GeneratedRows
from infra.postgres.measuring import Measurements
from infra.postgres.pool import Database
from infra.redis.connection import client
from infra.settings import Settings
from workers.domain import contexts
from workers.ports.lanes import Unavailable


class Installation(NamedTuple):
    """A checkout on servers: `settings` for its processes, `measurements` of its tables and rows generated into them,
    the servers' processes.
    """

    checkout: Checkout
    settings: Settings
    measurements: Measurements
    generated: GeneratedRows
    server_processes: dict[str, psutil.Process]


@asynccontextmanager
async def installation(checkout: Checkout, servers: Servers, lanes: int | None = None) -> AsyncIterator[Installation]:
    """An installation with as many lanes a context as the settings say, or as `lanes` says. Raises Unavailable or
    SetupFailed.
    """
    assert servers.settings.database_url is not None
    name = f"annals_bench_{uuid.uuid4().hex[:8]}"
    url = servers.settings.database_url.get_secret_value()
    isolated_url = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    changes = {"database_url": SecretStr(isolated_url), "topic_prefix": f"{name}.", "instance": None}
    settings = servers.settings.model_copy(update=changes | ({} if lanes is None else {"partitions": lanes}))
    try:
        await create_database(url, name)
        await checkout.run(settings, "migrate")
        await checkout.run(settings, "topics", "create")
        database = Database(isolated_url, role=None, connections=2)
        await database.open(checks_schema=False)
        try:
            yield Installation(checkout, settings, Measurements(database), GeneratedRows(database), servers.processes)
        finally:
            await database.close()
    finally:
        with suppress(Unavailable):
            await delete_topics(settings, [topic.name for topic in topics_of(list(contexts()), settings)])
        with suppress(Unavailable):
            await _delete_read_models(settings)
        await drop_database(url, name)


async def _delete_read_models(settings: Settings) -> None:
    async with client(settings) as redis:
        keys = [key async for key in redis.scan_iter(f"{settings.topic_prefix}*", count=10_000)]
        for start in range(0, len(keys), 10_000):
            await redis.unlink(*keys[start : start + 10_000])
