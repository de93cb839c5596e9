"""The read models of an installation in memory, as queries show them."""

from collections.abc import Coroutine, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from infra.memory.read_model_server import ReadModelServer
from infra.memory.read_model_server import index as index_of
from infra.memory.read_models import MemoryReadModels
from infra.memory.wire import ImmediateWire
from workers.core.projection import Document, Index, Projection
from workers.ports.read_models import Generation
from workers.projection.folding import ALL

MAX_DOCUMENTS = 1_000_000

Result = TypeVar("Result")


class NotThere(KeyError):
    """There is no document, context, read model or saga of this name."""

    def __init__(self, kind: str, name: str, names: Iterable[str]) -> None:
        super().__init__(f"there is no {kind} {name}; there are: {', '.join(sorted(names)) or 'none'}")

    def __str__(self) -> str:
        return str(self.args[0])


class ReadModel(Mapping[str, Document]):
    """The documents of a read model by id, as queries show them."""

    def __init__(self, projection: Projection, server: ReadModelServer) -> None:
        self._projection, self._server = projection, server
        self._models = MemoryReadModels(server, ImmediateWire())

    def __getitem__(self, document_id: str) -> Document:
        stored = _at_once(self._models.document(self._projection.name, document_id))
        if stored is None:
            raise NotThere(f"document of {self._projection.name}", document_id, self)
        return self._projection.whole(stored)

    def find(self, index: str, key: str, *, newest_first: bool = False) -> list[Document]:
        """The documents that are found by this key of a searchable index, in its order. Raises NotThere."""
        if index not in self._projection.searchable:
            raise NotThere(f"index of {self._projection.name}", index, self._projection.searchable)
        query = self._models.find(self._projection.name, Index(index, key), MAX_DOCUMENTS, None, newest_first)
        return [self._projection.whole(document) for document in _at_once(query).documents]

    def __iter__(self) -> Iterator[str]:
        place = index_of(Generation(self._projection.name), ALL.name)
        return (document_id for _, document_id in self._server.entries(place, "", None, False, MAX_DOCUMENTS))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _at_once(query: Coroutine[Any, Any, Result]) -> Result:
    """The result of a query of the servers in memory, which waits for nothing."""
    try:
        query.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    raise AssertionError("a query of the servers in memory had to wait")
