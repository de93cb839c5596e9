"""Starting a client wholly or not at all, and stopping one that may be broken, within a bound."""

import asyncio
from contextlib import suppress
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

STOP_TIMEOUT_SECONDS = 3.0

Client = TypeVar("Client", bound=AIOKafkaProducer | AIOKafkaConsumer)


async def started(client: Client) -> Client:
    """Start a client; one that does not come to start, or whose start is cancelled, is stopped.

    Keep what this returns, never a client that is yet to start: it answers like one without brokers, for ever.
    Raises what `start` raises.
    """
    try:
        await client.start()
    except BaseException:
        await stopped(client)
        raise
    return client


async def stopped(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Stop a client; one that does not come to an end is cut off.

    A producer's `stop` first waits for all that it still holds, and what an idempotent one holds never expires. Cut
    short there, it would go on in the background and deliver one day what nobody waits for any more; so its sender
    and its connections are closed here, which `stop` had not come to.
    """
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            await client.stop()
            return
    if isinstance(client, AIOKafkaProducer):
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await client._sender.close()  # noqa: SLF001  # aiokafka offers no other way to give up
                await client.client.close()


async def closed(admin: AIOKafkaAdminClient) -> None:
    """Close an admin client; one that does not come to an end is left."""
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            await admin.close()
