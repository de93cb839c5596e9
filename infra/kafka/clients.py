"""How the aiokafka clients of this package are made, started and stopped.

Every producer is idempotent: it writes each batch once and in order, or it fails and is replaced. Every consumer keeps
its offsets to itself: what was handled stands in Postgres and Redis, and a group's offsets are committed explicitly.
A client that fails to start, or whose start is cancelled, is stopped; one that does not stop is cut off.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from contracts.client.consumer import Consumer

STOP_TIMEOUT_SECONDS = 3.0
BATCH_BYTES = 512 * 1024
MAX_REQUEST_BYTES = 20 * 1_048_576
# A fetch that waits at the end of one partition delays the next partition.
FETCH_WAIT_MS = 10

Client = TypeVar("Client", bound=AIOKafkaProducer | AIOKafkaConsumer)
AnyConsumer = TypeVar("AnyConsumer", bound=Consumer)


async def idempotent_producer(options: Mapping[str, Any]) -> AIOKafkaProducer:
    """A started producer that all in-sync replicas acknowledge to. `options`: of `client_options`. Raises KafkaError or
    OSError.
    """
    return await started(
        AIOKafkaProducer(
            **options,
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
        )
    )


async def partition_reader(consumer_class: type[AnyConsumer], options: Mapping[str, Any], **more: Any) -> AnyConsumer:
    """A started consumer that belongs to no group and reads the partitions that it is told to, from their beginning
    unless a position is set. `options`: of `consumer_options`. Raises KafkaError or OSError.
    """
    return await started(
        consumer_class(
            **options,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            **more,
        )
    )


async def started(client: Client) -> Client:
    """Start a client. If that fails or is cancelled, the client is stopped, and what `start` raised is raised.

    Keep only what this returns: a client that was never started behaves like one whose brokers are away, for ever.
    """
    try:
        await client.start()
    except BaseException:
        await stopped(client)
        raise
    return client


async def stopped(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Stop a client, within a bound.

    A producer's `stop` first waits for every record that it still holds, and those of an idempotent producer never
    expire. If `stop` were merely interrupted, the producer would continue in the background and deliver records long
    after their sender has given up. So its sender and its connections, which `stop` has not reached, are closed here.
    """
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            await client.stop()
            return
    if isinstance(client, AIOKafkaProducer):
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await client._sender.close()  # noqa: SLF001  # aiokafka has no public way to give up
                await client.client.close()


async def closed(admin: AIOKafkaAdminClient) -> None:
    """Close an admin client; one that does not close within the bound is abandoned."""
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            await admin.close()
