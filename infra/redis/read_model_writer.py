"""The writing side of the read models: one MULTI/EXEC a batch, guarded by WATCH on the checkpoint."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from redis.exceptions import WatchError

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, member, read_checkpoint, write_checkpoint
from workers.core.projection import Document
from workers.ports.read_models import Checkpoint, CheckpointMoved, IndexChange, ReadModelBatch
from workers.projection.folding import ALL


class RedisReadModelWriter:
    """`ReadModelWriter` on Redis."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def checkpoint(self, projection: str, topic: str, partition: int) -> Checkpoint:
        with faults_sorted():
            return read_checkpoint(await self._redis.get(self._keys.checkpoint(projection, topic, partition)))

    async def is_empty(self, projection: str) -> bool:
        with faults_sorted():
            return not await self._redis.exists(self._keys.index(projection, ALL.name))

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        with faults_sorted():
            stored = await self._redis.mget([self._keys.document(projection, each) for each in document_ids])
        return {
            document_id: orjson.loads(document)
            for document_id, document in zip(document_ids, stored, strict=True)
            if document is not None
        }

    async def commit(self, batch: ReadModelBatch) -> None:
        guard = self._keys.checkpoint(batch.projection, batch.topic, batch.partition)
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                await pipeline.watch(guard)
                if read_checkpoint(await pipeline.get(guard)) != batch.expected:
                    raise CheckpointMoved
                pipeline.multi()
                self._queue(pipeline, batch)
                pipeline.set(guard, write_checkpoint(batch.checkpoint))
                try:
                    await pipeline.execute()
                except WatchError as error:
                    raise CheckpointMoved from error

    def _queue(self, pipeline: Any, batch: ReadModelBatch) -> None:
        name, written, gone = batch.projection, {}, []
        for document_id, document in batch.documents.items():
            key = self._keys.document(name, document_id)
            if document is None:
                gone.append(key)
            else:
                written[key] = orjson.dumps(document)
        if written:
            pipeline.mset(written)
        if gone:
            pipeline.delete(*gone)
        for index, members in _by_index(batch.removed).items():
            pipeline.zrem(self._keys.index(name, index), *members)
        for index, members in _by_index(batch.added).items():
            pipeline.zadd(self._keys.index(name, index), dict.fromkeys(members, 0))


def _by_index(changes: Sequence[IndexChange]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for (name, key), document_id in changes:
        found.setdefault(name, []).append(member(key, document_id))
    return found
