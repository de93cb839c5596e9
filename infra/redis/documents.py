"""The read models as a verification reads them: what must agree is read in one transaction, as of one moment."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, entry_of, member, read_checkpoint
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.sections import RedisSections
from infra.redis.stored_values import documents_of, parked_of
from workers.core.projection import Document
from workers.ports.parked import ParkedStream
from workers.ports.read_models import Generation
from workers.ports.verification.documents import DocumentsAtMoment, IndexEntry

KEYS_AT_A_TIME = 1000


class RedisStoredDocuments(RedisSections):
    """`StoredDocuments` on Redis."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        super().__init__(redis, keys)
        self._reader = RedisReadModelWriter(redis, keys)

    async def live(self, projection: str) -> Generation:
        return await self._reader.live(projection)

    async def applied_sequence(self, generation: Generation, topic: str, partition: int) -> int:
        return (await self._reader.checkpoint(generation, topic, partition)).sequence

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        return await self._reader.parked(generation, topic, partition)

    async def at_one_moment(
        self,
        generation: Generation,
        topic: str,
        partitions: Sequence[int],
        document_ids: Sequence[str],
        entries: Sequence[IndexEntry] = (),
    ) -> DocumentsAtMoment:
        keys, by_name = self._keys, _by_name(entries)
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.mget([keys.checkpoint(generation, topic, partition) for partition in partitions])
                if document_ids:
                    pipeline.mget([keys.document(generation, document_id) for document_id in document_ids])
                    for partition in partitions:
                        pipeline.hmget(keys.parked(generation, topic, partition), list(document_ids))
                for name, wanted in by_name.items():
                    members = [member(*entry) for entry in wanted]
                    pipeline.zmscore(keys.index(generation, name), members)
                answers = iter(await pipeline.execute())
        checkpoints = dict(zip(partitions, map(read_checkpoint, next(answers)), strict=True))
        documents: Mapping[str, Document] = {}
        parked: Mapping[str, ParkedStream] = {}
        if document_ids:
            documents = documents_of(document_ids, next(answers))
            stored = [value for _ in partitions for value in next(answers) if value is not None]
            parked = {stream.stream_id: stream for value in stored if (stream := parked_of(value)) is not None}
        scored = [zip(wanted, next(answers), strict=True) for wanted in by_name.values()]
        present = frozenset(entry for scores in scored for entry, score in scores if score is not None)
        return DocumentsAtMoment(checkpoints, documents, parked, present)

    async def index_entries(self, generation: Generation, index_name: str) -> AsyncIterator[list[IndexEntry]]:
        start = b"-"
        while True:
            with faults_sorted():
                members = await self._redis.zrange(
                    self._keys.index(generation, index_name), start, b"+", bylex=True, offset=0, num=KEYS_AT_A_TIME
                )
            if not members:
                return
            start = b"(" + members[-1]
            yield [entry_of(index_name, entry) for entry in members]

    async def document_ids(self, generation: Generation) -> AsyncIterator[list[str]]:
        begins = self._keys.document(generation, "")
        cursor = 0
        while True:
            with faults_sorted():
                cursor, keys = await self._redis.scan(cursor, f"{begins}*", KEYS_AT_A_TIME)
            if keys:
                yield [key.decode(errors="replace").removeprefix(begins) for key in keys]
            if cursor == 0:
                return


def _by_name(entries: Sequence[IndexEntry]) -> dict[str, list[IndexEntry]]:
    by_name: dict[str, list[IndexEntry]] = {}
    for entry in entries:
        by_name.setdefault(entry[0].name, []).append(entry)
    return by_name
