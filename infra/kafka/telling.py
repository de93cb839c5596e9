"""Waiting until brokers tell of what the controller has done: it answers first, and they learn of it a little later."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import LeaderNotAvailableError, UnknownTopicOrPartitionError

from workers.ports.lanes import Unavailable

TOLD_TIMEOUT_SECONDS = 60.0
LOOK_SECONDS = 0.1
NOT_TOLD_YET = (UnknownTopicOrPartitionError.errno, LeaderNotAvailableError.errno)
"""What a broker answers that does not know a new topic yet."""

Result = TypeVar("Result")


async def told(look: Callable[[], Awaitable[Result | None]], what: str) -> Result:
    """The first true value of `look`. Raises Unavailable when the brokers do not tell of it in time."""
    try:
        async with asyncio.timeout(TOLD_TIMEOUT_SECONDS) as deadline:
            while not (found := await look()):  # noqa: ASYNC110  # Kafka gives no notice
                await asyncio.sleep(LOOK_SECONDS)
            return found
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise Unavailable("Kafka", f"the brokers do not tell of {what} after {TOLD_TIMEOUT_SECONDS:g} s") from error
