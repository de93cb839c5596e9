"""The stored read models for a verification, in memory."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from infra.memory import read_model_server as keys
from infra.memory.read_model_server import ReadModelServer
from infra.memory.read_models import MemoryReadModelWriter, decoded
from infra.memory.sections import MemorySections
from infra.memory.wire import Wire
from workers.ports.parked import ParkedStream
from workers.ports.read_models import START, Generation
from workers.ports.verification.documents import DocumentsAtMoment, IndexEntry

KEYS_AT_A_TIME = 1000


class MemoryStoredDocuments(MemorySections):
    """`StoredDocuments` on the in-memory store of read models."""

    def __init__(self, server: ReadModelServer, wire: Wire) -> None:
        super().__init__(server, wire)
        self._reader = MemoryReadModelWriter(server, wire)

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
        read = partial(self._at_one_moment, generation, topic, partitions, document_ids, entries)
        return await self._wire.call("Redis", read)

    def _at_one_moment(
        self,
        generation: Generation,
        topic: str,
        partitions: Sequence[int],
        document_ids: Sequence[str],
        entries: Sequence[IndexEntry],
    ) -> DocumentsAtMoment:
        """At the server."""
        server = self._server
        stored = server.mget([keys.checkpoint(generation, topic, partition) for partition in partitions])
        documents = server.mget([keys.document(generation, document_id) for document_id in document_ids])
        parked = [server.hashes.get(keys.parked(generation, topic, partition), {}) for partition in partitions]
        wanted = [(keys.index(generation, index.name), (index, document_id)) for index, document_id in entries]
        return DocumentsAtMoment(
            checkpoints={place: value or START for place, value in zip(partitions, stored, strict=True)},
            documents=decoded(document_ids, documents),
            parked={name: streams[name] for streams in parked for name in document_ids if name in streams},
            present=frozenset(entry for _, entry in server.present(wanted)),
        )

    async def index_entries(self, generation: Generation, index_name: str) -> AsyncIterator[list[IndexEntry]]:
        index = keys.index(generation, index_name)
        entries = await self._wire.call("Redis", lambda: list(self._server.indexes.get(index, ())))
        for first in range(0, len(entries), KEYS_AT_A_TIME):
            yield entries[first : first + KEYS_AT_A_TIME]

    async def document_ids(self, generation: Generation) -> AsyncIterator[list[str]]:
        ids = await self._wire.call("Redis", partial(self._ids, generation))
        for first in range(0, len(ids), KEYS_AT_A_TIME):
            yield ids[first : first + KEYS_AT_A_TIME]

    def _ids(self, generation: Generation) -> list[str]:
        """At the server."""
        return [key[2] for key in self._server.values if key[:2] == ("document", generation)]
