"""A read-model store of one's own in memory, and what can be seen in it."""

from typing import Any

from infra.memory import read_model_server as keys
from infra.memory.read_models import MemoryReadModelWriter, ReadModelServer, document_of
from tests.lanes.in_memory import SwitchedWire
from workers.core.projection import Document, Index
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import Checkpoint, Generation


class ModelsInMemory(MemoryReadModelWriter):
    """The writer on a store of its own, over a wire with switches."""

    def __init__(self) -> None:
        self.server = ReadModelServer()
        self.line = SwitchedWire()
        super().__init__(self.server, self.line)

    def empty(self) -> None:
        """As an operator does."""
        self.server.empty()

    def lose_document(self, document_id: str, *, evicted: bool = False) -> None:
        """DEL of one document; `evicted`: the server removes it by itself."""
        keys_of_document = [key for key in self.server.values if key[0] == "document" and key[2] == document_id]
        assert keys_of_document, "there is something to lose"
        self.server.lose(keys_of_document, evicted=evicted)

    def lose_entries(self, index: Index) -> None:
        """ZREM of all that is found by one value."""
        entries = [
            (key, entry) for key, entries in self.server.indexes.items() for entry in entries if entry[0] == index
        ]
        assert entries, "there is something to lose"
        for key, entry in entries:
            self.server.lose_entry(key, entry)

    def lose_kind(self, *kinds: str) -> None:
        """DEL of all keys of some kinds: index, parked, live …"""
        server = self.server
        self.server.lose(
            [key for part in (server.values, server.indexes, server.hashes) for key in part if key[0] in kinds]
        )

    def forget_checkpoints(self) -> None:
        for place in self.checkpoints:
            self.server.set(keys.checkpoint(*place), None)

    def request(self, generation: Generation, topic: str, partition: int, request: ParkedStreamRequest) -> None:
        """As an operator does."""
        self.server.hashes.setdefault(keys.parked_requests(generation, topic, partition), {})[request.stream_id] = (
            request
        )

    @property
    def kept(self) -> dict[str, Document]:
        values = {key[2]: document_of(value) for key, value in self.server.values.items() if key[0] == "document"}
        return {document_id: document for document_id, document in values.items() if document is not None}

    @property
    def checkpoints(self) -> dict[tuple[Generation, str, int], Checkpoint]:
        values = self.server.values.items()
        return {(key[1], key[2], key[3]): value for key, value in values if key[0] == "checkpoint"}

    @property
    def waiting(self) -> dict[str, ParkedStream]:
        return self._fields("parked")

    @property
    def requested(self) -> list[ParkedStreamRequest]:
        return list(self._fields("parked_requests").values())

    def _fields(self, kind: str) -> dict[str, Any]:
        return {
            name: value
            for key, fields in self.server.hashes.items()
            if key[0] == kind
            for name, value in fields.items()
        }

    def found_by(self) -> dict[Index, set[str]]:
        """The index entries, with the ids of those that are found by them."""
        ids: dict[Index, set[str]] = {}
        for entries in self.server.indexes.values():
            for index, document_id in entries:
                ids.setdefault(index, set()).add(document_id)
        return ids
