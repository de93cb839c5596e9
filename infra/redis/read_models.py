"""The reading side of the read models: each query sees one generation, the one that is live when it begins."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, bounds, entry_of, id_of, live_number, member, place_of, read_checkpoint
from infra.redis.pipelining import Pipelining
from infra.redis.scripts import script
from infra.redis.stored_values import documents_of, with_sections
from workers.core.projection import Document, Index
from workers.ports.read_models import DocumentLost, Generation, Page, Tally
from workers.projection.folding import ALL


class RedisReadModels:
    """`ReadModels` on Redis.

    Documents and pages are one command each, which finds the live generation by itself (scripts.py); those of one turn
    of the event loop share a round trip (pipelining.py). Other queries ask which generation is live in the same round
    trip as their question, which goes to the generation that was live the last time. Only after a switch is the
    question repeated.
    """

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._pipelining = Pipelining(redis)
        self._keys = keys
        self._live: dict[str, Generation] = {}

    async def document(self, projection: str, document_id: str) -> Document | None:
        return (await self.documents(projection, [document_id])).get(document_id)

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        if not document_ids:
            return {}
        number, stored, sections = await self._run("documents", projection, document_ids)
        generation = Generation(projection, int(number))
        return with_sections(await self._none_lost(generation, document_ids, stored), document_ids, sections)

    async def _run(self, name: str, projection: str, arguments: Sequence[str | bytes | int]) -> Any:
        """The answer of a script about a projection."""
        begins = self._keys.projection(projection)
        with faults_sorted():
            return await script(name).run(self._pipelining, self._keys.both_live(projection), [begins, *arguments])

    async def _none_lost(
        self, generation: Generation, document_ids: Sequence[str], stored: Sequence[bytes | None]
    ) -> dict[str, Document]:
        """The documents that exist. Raises Unavailable if one is missing or spoilt but still has its index entry: it is
        lost. Costs a second round trip only if not all documents were found.
        """
        documents = documents_of(document_ids, stored)
        lacking = [document_id for document_id in document_ids if document_id not in documents]
        if not lacking:
            return documents
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.mget([self._keys.document(generation, document_id) for document_id in lacking])
                members = [member(ALL, document_id) for document_id in lacking]
                pipeline.zmscore(self._keys.index(generation, ALL.name), members)
                again, scores = await pipeline.execute()
        late = documents_of(lacking, again)  # added meanwhile, or removed with its entry
        listed = [document_id for document_id, score in zip(lacking, scores, strict=True) if score is not None]
        if any(document_id not in late for document_id in listed):
            raise DocumentLost("Redis", "a document was lost; the projection worker builds it again")
        return documents | late

    async def find(
        self, projection: str, index: Index | None, limit: int, after: str | None, newest_first: bool = False
    ) -> Page:
        name, key, _ = index or ALL
        lowest, highest = bounds(key, after=after, newest_first=newest_first)
        ends = (highest, lowest) if newest_first else (lowest, highest)

        question = (name, *ends, int(newest_first), limit)
        number, entries, stored, sections = await self._run("page", projection, question)
        ids = [id_of(entry) for entry in entries[:limit]]
        by_id = with_sections(await self._none_lost(Generation(projection, int(number)), ids, stored), ids, sections)
        documents = [by_id[document_id] for document_id in ids if document_id in by_id]
        return Page(documents, place_of(entries[limit - 1]) if len(entries) > limit else None)

    async def tally(self, projection: str, indexes: Sequence[Index], until: str | None = None) -> Sequence[Tally]:
        if not indexes:
            return []

        def question(at: Generation, ask: Any) -> None:
            for name, key, _ in indexes:
                lowest, highest = bounds(key, until=until)
                entries = self._keys.index(at, name)
                ask.zlexcount(entries, lowest, highest)
                ask.zrange(entries, highest, lowest, desc=True, bylex=True, offset=0, num=1)

        with faults_sorted():
            _, answers = await self._ask(projection, question)
        return [
            Tally(count, entry_of("", last[0])[0].order if last else None)
            for count, last in zip(answers[::2], answers[1::2], strict=True)
        ]

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        with faults_sorted():
            _, (stored,) = await self._ask(
                projection, lambda at, ask: ask.get(self._keys.checkpoint(at, topic, partition))
            )
        return read_checkpoint(stored).sequence

    async def _ask(self, projection: str, question: Callable[[Generation, Any], Any]) -> tuple[Generation, list[Any]]:
        """The answers of the live generation to what `question(generation, pipeline)` asks."""
        while True:
            believed = self._live.get(projection, Generation(projection))
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.mget(self._keys.both_live(projection))
                question(believed, pipeline)
                numbers, *answers = await pipeline.execute()
            live = self._live[projection] = Generation(projection, live_number(*numbers))
            if live == believed:
                return live, answers
