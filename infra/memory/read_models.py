"""The read models in memory: the workers' side, which writes, and the queries' side, which reads.

A commit makes two requests, as the Redis adapter does: it reads its guards under a watch, then it writes, and is
refused when a guard has changed in between. A query is one request: documents with their sections, or a whole page.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

import orjson

from infra.memory import read_model_server as keys
from infra.memory.read_model_server import ReadModelServer, Transaction, WatchedKeyChanged
from infra.memory.sections import MemorySections, field_of, with_sections
from infra.memory.wire import Wire
from workers.core.projection import Document, Index
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import (
    START,
    Checkpoint,
    CheckpointMoved,
    DocumentLost,
    EvictionAllowed,
    Generation,
    IndexChange,
    Page,
    ReadModelBatch,
    ServerSigns,
    Tally,
)
from workers.projection.folding import ALL

__all__ = ["MemoryReadModelWriter", "MemoryReadModels", "ReadModelServer"]


class MemoryReadModelWriter(MemorySections):
    """`SectionStore` on the in-memory store."""

    async def live(self, projection: str) -> Generation:
        number = await self._call(partial(self._server.get, keys.live(projection)))
        return Generation(projection, number or 1)

    async def checkpoint(self, generation: Generation, topic: str, partition: int) -> Checkpoint:
        stored = await self._call(partial(self._server.get, keys.checkpoint(generation, topic, partition)))
        return stored or START

    async def stored_checkpoints(
        self, generation: Generation, topic: str, partitions: Sequence[int]
    ) -> Sequence[Checkpoint]:
        wanted = [keys.checkpoint(generation, topic, partition) for partition in partitions]
        return [stored or START for stored in await self._call(partial(self._server.mget, wanted))]

    async def is_empty(self, generation: Generation) -> bool:
        return not await self._call(partial(self._server.has_entries, keys.index(generation, ALL.name)))

    async def documents(self, generation: Generation, document_ids: Sequence[str]) -> Mapping[str, Document]:
        wanted = [keys.document(generation, document_id) for document_id in document_ids]
        stored = await self._call(partial(self._server.mget, wanted))
        return decoded(document_ids, stored)

    async def present(self, generation: Generation, entries: Collection[IndexChange]) -> AbstractSet[IndexChange]:
        wanted = [(keys.index(generation, change.entry.name), change) for change in entries]
        present = await self._call(partial(self._server.present, wanted)) if wanted else []
        return {IndexChange(*entry) for _, entry in present}

    async def signs(self) -> ServerSigns | None:
        def read() -> tuple[str, str, int]:
            return self._server.policy, self._server.run_id, self._server.evicted

        policy, run_id, evicted = await self._call(read)
        volatile = policy.startswith("volatile-")
        if policy != "noeviction" and not volatile:
            raise EvictionAllowed("the store in memory", policy)
        return ServerSigns(run_id, evicted, volatile)

    async def remember_live(self, generation: Generation) -> bool:
        live = keys.live(generation.projection)
        was_missing: bool = await self._call(partial(self._server.set_if_missing, live, generation.number))
        return was_missing

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        stored = await self._call(partial(self._server.hash_of, keys.parked(generation, topic, partition)))
        return [stored[stream_id] for stream_id in sorted(stored)]

    async def parked_requests(
        self, generation: Generation, topic: str, partition: int
    ) -> Sequence[ParkedStreamRequest]:
        stored = await self._call(partial(self._server.hash_of, keys.parked_requests(generation, topic, partition)))
        return sorted(stored.values())

    async def commit(self, batch: ReadModelBatch) -> None:
        guard = keys.checkpoint(batch.generation, batch.topic, batch.partition)
        live = keys.live(batch.generation.projection)
        watched = await self._call(partial(self._server.watch, (guard, live)))
        checkpoint, number = watched.values
        if (checkpoint or START) != batch.expected:
            raise CheckpointMoved
        if batch.only_if_live and (number or 1) != batch.generation.number:
            raise CheckpointMoved
        changes = _changes(batch)
        changes.values[guard] = batch.checkpoint
        await self._call(partial(self._commit, watched.versions, changes))

    def _commit(self, watched: Mapping[keys.Key, int], changes: Transaction) -> None:
        """At the server."""
        try:
            self._server.execute(watched, changes)
        except WatchedKeyChanged as error:
            raise CheckpointMoved from error

    async def _call(self, operation: Callable[[], Any]) -> Any:
        return await self._wire.call("Redis", operation)


def document_of(stored: bytes) -> Document | None:
    """None when it is no JSON object."""
    try:
        document: Document = orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def decoded(document_ids: Sequence[str], stored: Sequence[Any]) -> dict[str, Document]:
    """Those of the stored values that exist and are documents."""
    documents = {}
    for document_id, value in zip(document_ids, stored, strict=True):
        document = None if value is None else document_of(value)
        if document is not None:
            documents[document_id] = document
    return documents


def _changes(batch: ReadModelBatch) -> Transaction:
    generation, place = batch.generation, (batch.generation, batch.topic, batch.partition)
    field = field_of(batch.section, batch.partition)
    changes = Transaction(
        values={keys.document(generation, name): value for name, value in batch.documents.items() if not batch.section},
        fields={
            keys.sections(generation, name): {field: value} for name, value in batch.documents.items() if batch.section
        },
        added=[(keys.index(generation, change.entry.name), change) for change in batch.added],
        removed=[(keys.index(generation, change.entry.name), change) for change in batch.removed],
    )
    if batch.parked or batch.unparked:
        waiting = {stream.stream_id: stream for stream in batch.parked}
        gone = dict.fromkeys(batch.unparked)
        changes.fields[keys.parked(*place)] = {**waiting, **gone}
        changes.fields[keys.parked_requests(*place)] = dict.fromkeys([*waiting, *gone])
    return changes


class MemoryReadModels:
    """`ReadModels` on the in-memory store: each query sees the generation that is live when it begins."""

    def __init__(self, server: ReadModelServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire

    async def document(self, projection: str, document_id: str) -> Document | None:
        return (await self.documents(projection, [document_id])).get(document_id)

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        def read() -> tuple[Generation, list[Any], list[Mapping[str, bytes]]]:
            generation = self._live(projection)
            stored = self._server.mget([keys.document(generation, name) for name in document_ids])
            return generation, stored, self._sections(generation, document_ids)

        if not document_ids:
            return {}
        generation, stored, sections = await self._wire.call("Redis", read)
        return with_sections(await self._none_lost(generation, document_ids, stored), document_ids, sections)

    def _sections(self, generation: Generation, document_ids: Sequence[str]) -> list[Mapping[str, bytes]]:
        """At the server."""
        return [self._server.hash_of(keys.sections(generation, name)) for name in document_ids]

    async def _none_lost(
        self, generation: Generation, document_ids: Sequence[str], stored: Sequence[Any]
    ) -> dict[str, Document]:
        """The documents. Raises Unavailable when one is missing that is an entry among all."""
        documents = decoded(document_ids, stored)
        missing = [document_id for document_id in document_ids if document_id not in documents]
        if not missing:
            return documents

        def read_again() -> tuple[list[Any], list[Any]]:
            entries = [(keys.index(generation, ALL.name), (ALL, document_id)) for document_id in missing]
            again = self._server.mget([keys.document(generation, document_id) for document_id in missing])
            return again, self._server.present(entries)

        again, present = await self._wire.call("Redis", read_again)
        late = decoded(missing, again)
        if any(document_id not in late for _, (_, document_id) in present):
            raise DocumentLost("Redis", "a document was lost")
        return documents | late

    async def find(
        self, projection: str, index: Index | None, limit: int, after: str | None, newest_first: bool = False
    ) -> Page:
        name, key, _ = index or ALL

        def read() -> tuple[Generation, list[keys.Entry], list[Any], list[Mapping[str, bytes]]]:
            generation = self._live(projection)
            place = keys.index(generation, name)
            entries = self._server.entries(place, key, after, newest_first, limit + 1)
            ids = [document_id for _, document_id in entries[:limit]]
            stored = self._server.mget([keys.document(generation, document_id) for document_id in ids])
            return generation, entries, stored, self._sections(generation, ids)

        generation, entries, stored, sections = await self._wire.call("Redis", read)
        ids = [document_id for _, document_id in entries[:limit]]
        documents = with_sections(await self._none_lost(generation, ids, stored), ids, sections)
        return Page(
            [documents[document_id] for document_id in ids if document_id in documents],
            keys.place(entries[limit - 1])[1] if len(entries) > limit else None,
        )

    async def tally(self, projection: str, indexes: Sequence[Index], until: str | None = None) -> Sequence[Tally]:
        def read() -> list[Tally]:
            generation = self._live(projection)
            return [self._server.tally(keys.index(generation, name), key, until) for name, key, _ in indexes]

        return await self._wire.call("Redis", read) if indexes else []

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        def read() -> Checkpoint | None:
            stored: Checkpoint | None = self._server.get(keys.checkpoint(self._live(projection), topic, partition))
            return stored

        return (await self._wire.call("Redis", read) or START).sequence

    def _live(self, projection: str) -> Generation:
        return Generation(projection, self._server.get(keys.live(projection)) or 1)
