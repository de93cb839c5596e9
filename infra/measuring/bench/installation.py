"""An installation under measurement: a database, topics and read models of its own, deleted afterwards.

The checkout that is measured makes its own schema and topics. The bench asks the database only what the contract says
of it, without looking whether the schema is this checkout's.
"""

import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit, urlunsplit

import psutil
from pydantic import SecretStr

from infra.kafka.topics import delete_topics_with_prefix
from infra.measuring.bench.checkout import Checkout
from infra.measuring.bench.servers import Servers
from infra.postgres.databases import create_database, drop_database
from infra.postgres.generated_rows import GeneratedRows
from infra.postgres.measuring import Measurements
from infra.postgres.pool import Database
from infra.redis.connection import client, faults_sorted
from infra.settings import Settings
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


class NewInstallation(Protocol):
    """`installation` of a checkout on servers that are settled already."""

    def __call__(self, lanes: int | None = None) -> AbstractAsyncContextManager[Installation]: ...


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
    changes |= {"gateway_processes": 1}  # what the caller has set for another installation
    settings = servers.settings.model_copy(update=changes | ({} if lanes is None else {"partitions": lanes}))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(cleaned_up, "its database", partial(drop_database, url, name))
        stack.push_async_callback(cleaned_up, "its read models", partial(_delete_read_models, settings))
        stack.push_async_callback(cleaned_up, "its topics", partial(delete_topics_with_prefix, settings))
        await create_database(url, name)
        await checkout.run(settings, "migrate")
        await checkout.run(settings, "topics", "create")
        database = Database(isolated_url, role=None, connections=2)
        stack.push_async_callback(database.close)
        await database.open(checks_schema=False)
        yield Installation(checkout, settings, Measurements(database), GeneratedRows(database), servers.processes)


async def cleaned_up(what: str, delete: Callable[[], Awaitable[object]]) -> None:
    """Delete something; what cannot be deleted is said, and hides neither an earlier error nor keeps the rest."""
    try:
        await delete()
    except Unavailable as error:
        print(f"the bench has left {what} behind: {error}", file=sys.stderr)


async def _delete_read_models(settings: Settings) -> None:
    with faults_sorted():
        async with client(settings) as redis:
            keys = [key async for key in redis.scan_iter(f"{settings.topic_prefix}*", count=10_000)]
            for start in range(0, len(keys), 10_000):
                await redis.unlink(*keys[start : start + 10_000])
