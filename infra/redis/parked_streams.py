"""Parked streams of read models, and what operators request for them: hashes beside the checkpoint of each lane."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.stored_values import parked_of
from workers.ports.parked import ParkedStreamAction, ParkedStreamListing, ParkedStreamRequest
from workers.ports.read_models import Generation
from workers.ports.sections import projection_of

# The transaction is repeated while other streams of the same lane are parked or unparked at the same moment.
TIMEOUT_SECONDS = 10.0


class RedisParkedStreams:
    """`ParkedByProjections` on Redis. `partitions` is the number of partitions of each topic of events."""

    def __init__(self, redis: Any, keys: Keys, partitions: int) -> None:
        self._redis = redis
        self._keys = keys
        self._reader = RedisReadModelWriter(redis, keys)
        self._partitions = partitions

    async def of_projection(self, projection: str, topic: str) -> Sequence[ParkedStreamListing]:
        generation = await self._reader.live(projection)
        listings: list[ParkedStreamListing] = []
        for partition in await self._partitions_with_any(generation, topic):
            if streams := await self._reader.parked(generation, topic, partition):
                requests = await self._reader.parked_requests(generation, topic, partition)
                requested = {request.stream_id: request.action for request in requests}
                listings += [
                    ParkedStreamListing("projection", topic, partition, stream, requested.get(stream.stream_id))
                    for stream in streams
                ]
        return listings

    async def _partitions_with_any(self, generation: Generation, topic: str) -> Sequence[int]:
        with faults_sorted():
            async with self._redis.pipeline(transaction=False) as pipeline:
                for partition in range(self._partitions):
                    pipeline.exists(self._keys.parked(generation, topic, partition))
                answers = await pipeline.execute()
        return [partition for partition, is_there in enumerate(answers) if is_there]

    async def request(self, listing: ParkedStreamListing, action: ParkedStreamAction) -> None:
        wanted = listing.stream
        lane = (await self._reader.live(projection_of(wanted.follower)), listing.topic, listing.partition)
        parked_key = self._keys.parked(*lane)
        request = orjson.dumps(ParkedStreamRequest(wanted.follower, wanted.stream_id, action)._asdict())

        async def queue(pipeline: Any) -> None:
            stored = await pipeline.hget(parked_key, wanted.stream_id)
            pipeline.multi()
            stream = None if stored is None else parked_of(stored)
            if stream is not None and stream.stream_version == wanted.stream_version:
                pipeline.hset(self._keys.parked_requests(*lane), wanted.stream_id, request)

        with faults_sorted():
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._redis.transaction(queue, parked_key)
