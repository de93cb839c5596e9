"""The read models as a verification looks at them."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, member
from infra.redis.read_model_writer import RedisReadModelWriter
from workers.core.projection import Document, Index, Projection
from workers.ports.read_models import Generation
from workers.projection.folding import ALL


class StoredDocuments:
    """Documents, index entries and checkpoints, in numbers."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._reader = RedisReadModelWriter(redis, keys)

    async def live(self, projection: str) -> Generation:
        """The generation that queries see."""
        return await self._reader.live(projection)

    async def documents(self, generation: Generation, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """Those of the documents that exist."""
        return await self._reader.documents(generation, document_ids) if document_ids else {}

    async def reached(self, generation: Generation, topic: str, partition: int) -> int:
        """The last sequence applied."""
        return (await self._reader.checkpoint(generation, topic, partition)).sequence

    async def entry_count(self, generation: Generation, projection: Projection) -> int:
        """How many index entries there are in all."""
        with faults_sorted():
            counts = [
                await self._redis.zcard(self._keys.index(generation, name))
                for name in (*projection.searchable, ALL.name)
            ]
        return sum(counts)

    async def missing_entries(
        self, generation: Generation, entries: Sequence[tuple[Index, str]]
    ) -> list[tuple[Index, str]]:
        """Those of the entries that are not there."""
        missing = []
        for name in sorted({index.name for index, _ in entries}):
            wanted = [(index, document_id) for index, document_id in entries if index.name == name]
            members = [member(index.key, document_id) for index, document_id in wanted]
            with faults_sorted():
                scores = await self._redis.zmscore(self._keys.index(generation, name), members)
            missing += [each for each, score in zip(wanted, scores, strict=True) if score is None]
        return missing
