"""The writing side of the read models: one MULTI/EXEC a batch, guarded by WATCH on checkpoint and live generation."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from redis.exceptions import WatchError

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, live_number, member, read_checkpoint, write_checkpoint
from workers.core.projection import Document
from workers.ports.parked import ParkedStream, Wish
from workers.ports.read_models import Checkpoint, CheckpointMoved, Generation, IndexChange, ReadModelBatch
from workers.projection.folding import ALL


class RedisReadModelWriter:
    """`ReadModelWriter` on Redis."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def live(self, projection: str) -> Generation:
        with faults_sorted():
            return Generation(projection, live_number(await self._redis.get(self._keys.live(projection))))

    async def checkpoint(self, generation: Generation, topic: str, partition: int) -> Checkpoint:
        with faults_sorted():
            return read_checkpoint(await self._redis.get(self._keys.checkpoint(generation, topic, partition)))

    async def is_empty(self, generation: Generation) -> bool:
        with faults_sorted():
            return not await self._redis.exists(self._keys.index(generation, ALL.name))

    async def documents(self, generation: Generation, document_ids: Sequence[str]) -> Mapping[str, Document]:
        with faults_sorted():
            stored = await self._redis.mget([self._keys.document(generation, each) for each in document_ids])
        return {
            document_id: orjson.loads(document)
            for document_id, document in zip(document_ids, stored, strict=True)
            if document is not None
        }

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        with faults_sorted():
            stored = await self._redis.hvals(self._keys.parked(generation, topic, partition))
        return sorted((ParkedStream(**orjson.loads(each)) for each in stored), key=lambda each: each.stream_id)

    async def wishes(self, generation: Generation, topic: str, partition: int) -> Sequence[Wish]:
        with faults_sorted():
            stored = await self._redis.hvals(self._keys.wishes(generation, topic, partition))
        return sorted(Wish(**orjson.loads(each)) for each in stored)

    async def commit(self, batch: ReadModelBatch) -> None:
        guard = self._keys.checkpoint(batch.generation, batch.topic, batch.partition)
        live = self._keys.live(batch.generation.projection)
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                await pipeline.watch(guard, live)
                checkpoint, number = await pipeline.mget(guard, live)
                if read_checkpoint(checkpoint) != batch.expected:
                    raise CheckpointMoved
                if batch.only_if_live and live_number(number) != batch.generation.number:
                    raise CheckpointMoved
                pipeline.multi()
                self._queue(pipeline, batch)
                pipeline.set(guard, write_checkpoint(batch.checkpoint))
                try:
                    await pipeline.execute()
                except WatchError as error:
                    raise CheckpointMoved from error

    def _queue(self, pipeline: Any, batch: ReadModelBatch) -> None:
        generation, written, gone = batch.generation, {}, []
        for document_id, document in batch.documents.items():
            key = self._keys.document(generation, document_id)
            if document is None:
                gone.append(key)
            else:
                written[key] = document
        if written:
            pipeline.mset(written)
        if gone:
            pipeline.delete(*gone)
        for index, members in _by_index(batch.removed).items():
            pipeline.zrem(self._keys.index(generation, index), *members)
        for index, members in _by_index(batch.added).items():
            pipeline.zadd(self._keys.index(generation, index), dict.fromkeys(members, 0))
        if batch.parked or batch.unparked:
            self._queue_parked(pipeline, batch)

    def _queue_parked(self, pipeline: Any, batch: ReadModelBatch) -> None:
        place = (batch.generation, batch.topic, batch.partition)
        waiting = {each.stream_id: orjson.dumps(each._asdict()) for each in batch.parked}
        if waiting:
            pipeline.hset(self._keys.parked(*place), mapping=waiting)
        if batch.unparked:
            pipeline.hdel(self._keys.parked(*place), *batch.unparked)
        pipeline.hdel(self._keys.wishes(*place), *waiting, *batch.unparked)


def _by_index(changes: Sequence[IndexChange]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for index, document_id in changes:
        found.setdefault(index.name, []).append(member(index, document_id))
    return found
