"""Waiting until the brokers know what the controller has done: the controller answers first, they learn it later."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import LeaderNotAvailableError, UnknownTopicOrPartitionError

from workers.ports.lanes import Unavailable

PROPAGATION_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.1
NOT_YET_PROPAGATED = (UnknownTopicOrPartitionError.errno, LeaderNotAvailableError.errno)
"""The answers of a broker that does not know a new topic yet."""

Result = TypeVar("Result")


async def propagated(look: Callable[[], Awaitable[Result | None]], what: str) -> Result:
    """The first true value of `look`, which is called repeatedly. Raises Unavailable when there is none in time."""
    try:
        async with asyncio.timeout(PROPAGATION_TIMEOUT_SECONDS) as deadline:
            while not (result := await look()):  # noqa: ASYNC110  # Kafka sends no notification
                await asyncio.sleep(POLL_SECONDS)
            return result
    except TimeoutError as error:
        if not deadline.expired():
            raise
        explanation = f"the brokers do not tell of {what} after {PROPAGATION_TIMEOUT_SECONDS:g} s"
        raise Unavailable("Kafka", explanation) from error
