"""The reading side of the read models."""

from typing import Any

import orjson

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, id_of, member, read_checkpoint
from workers.core.projection import Document, Index
from workers.ports.read_models import Page
from workers.projection.folding import ALL


class RedisReadModels:
    """`ReadModels` on Redis."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def document(self, projection: str, document_id: str) -> Document | None:
        with faults_sorted():
            stored = await self._redis.get(self._keys.document(projection, document_id))
        return None if stored is None else orjson.loads(stored)

    async def find(self, projection: str, index: Index | None, limit: int, after: str | None) -> Page:
        name, key = index or ALL
        lowest = b"[" + member(key, "") if after is None else b"(" + member(key, after)
        highest = b"(" + key.encode() + b"\x01"
        with faults_sorted():
            entries = await self._redis.zrange(
                self._keys.index(projection, name), lowest, highest, bylex=True, offset=0, num=limit + 1
            )
            ids = [id_of(entry) for entry in entries]
            stored = (
                await self._redis.mget([self._keys.document(projection, each) for each in ids[:limit]]) if ids else []
            )
        documents = [orjson.loads(document) for document in stored if document is not None]
        return Page(documents, ids[limit - 1] if len(ids) > limit else None)

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        with faults_sorted():
            stored = await self._redis.get(self._keys.checkpoint(projection, topic, partition))
        return read_checkpoint(stored).sequence
