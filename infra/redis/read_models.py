"""The reading side of the read models: each query sees one generation, the one that is live when it begins."""

from collections.abc import Callable
from typing import Any

import orjson

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, id_of, live_number, member, read_checkpoint
from workers.core.projection import Document, Index
from workers.ports.read_models import Generation, Page
from workers.projection.folding import ALL


class RedisReadModels:
    """`ReadModels` on Redis.

    Which generation is live is asked together with the first question to the one that was live the last time; only
    after a switch the question is put again. So a query costs no round trip more than if there were one generation.
    """

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._live: dict[str, Generation] = {}

    async def document(self, projection: str, document_id: str) -> Document | None:
        with faults_sorted():
            _, stored = await self._ask(projection, lambda at, ask: ask.get(self._keys.document(at, document_id)))
        return None if stored is None else orjson.loads(stored)

    async def find(self, projection: str, index: Index | None, limit: int, after: str | None) -> Page:
        name, key = index or ALL
        lowest = b"[" + member(key, "") if after is None else b"(" + member(key, after)
        highest = b"(" + key.encode() + b"\x01"
        with faults_sorted():
            generation, entries = await self._ask(
                projection,
                lambda at, ask: ask.zrange(
                    self._keys.index(at, name), lowest, highest, bylex=True, offset=0, num=limit + 1
                ),
            )
            ids = [id_of(entry) for entry in entries]
            keys = [self._keys.document(generation, each) for each in ids[:limit]]
            stored = await self._redis.mget(keys) if keys else []
        documents = [orjson.loads(document) for document in stored if document is not None]
        return Page(documents, ids[limit - 1] if len(ids) > limit else None)

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        with faults_sorted():
            _, stored = await self._ask(
                projection, lambda at, ask: ask.get(self._keys.checkpoint(at, topic, partition))
            )
        return read_checkpoint(stored).sequence

    async def _ask(self, projection: str, question: Callable[[Generation, Any], Any]) -> tuple[Generation, Any]:
        """The answer of the live generation to `question(generation, pipeline)`."""
        while True:
            believed = self._live.get(projection, Generation(projection))
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.get(self._keys.live(projection))
                question(believed, pipeline)
                number, answer = await pipeline.execute()
            live = self._live[projection] = Generation(projection, live_number(number))
            if live == believed:
                return live, answer
