"""What an operator asks of a projection lane's owner, left where the owner looks."""

import asyncio
from typing import Any, Literal

import orjson

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys
from infra.redis.stored_values import parked_of
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import Generation

# Tried again for so long while other streams of the lane are parked or mended at the same moments.
TIMEOUT_SECONDS = 10.0


async def store_request(
    redis: Any,
    keys: Keys,
    place: tuple[Generation, str, int],
    parked: ParkedStream,
    action: Literal["retry", "skip"],
) -> None:
    """Ask about the event that `parked` waits with, in the lane at `place` (generation, topic, partition).

    Quiet when the stream does not wait any more, or with another event by now: the operator did not ask about that one.
    Raises Unavailable.
    """
    waiting_key = keys.parked(*place)
    request = orjson.dumps(ParkedStreamRequest(parked.follower, parked.stream_id, action)._asdict())

    async def leave(pipeline: Any) -> None:
        stored = await pipeline.hget(waiting_key, parked.stream_id)
        pipeline.multi()
        waits = None if stored is None else parked_of(stored)
        if waits is not None and waits.stream_version == parked.stream_version:
            pipeline.hset(keys.parked_requests(*place), parked.stream_id, request)

    with faults_sorted():
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await redis.transaction(leave, waiting_key)
