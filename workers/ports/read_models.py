"""The read-model store: documents, indexes and the lane's checkpoint, changed in one transaction."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.core.projection import Document, Index


class Checkpoint(NamedTuple):
    """How far one lane has been applied: the last sequence, and the log offset to read next."""

    sequence: int
    offset: int


START = Checkpoint(0, 0)


class CheckpointMoved(Exception):
    """The stored checkpoint is not the one that the writer believed in: another owner, or a store that was emptied or
    rolled back. Nothing was written. Read the checkpoint and go on from it.
    """


class IndexChange(NamedTuple):
    """An entry of an index that appears or goes."""

    entry: Index
    document_id: str


class ReadModelBatch(NamedTuple):
    """All that one transaction of a projection lane writes. A document that is None is removed."""

    projection: str
    topic: str
    partition: int
    expected: Checkpoint
    checkpoint: Checkpoint
    documents: Mapping[str, Document | None]
    added: Sequence[IndexChange]
    removed: Sequence[IndexChange]


class ReadModelWriter(Protocol):
    """What the projection loop needs. Every method raises Unavailable when the store does not answer in time."""

    async def checkpoint(self, projection: str, topic: str, partition: int) -> Checkpoint:
        """The stored checkpoint; START when there is none."""
        ...

    async def is_empty(self, projection: str) -> bool:
        """Whether the projection has no documents at all."""
        ...

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """Those of the documents that exist."""
        ...

    async def commit(self, batch: ReadModelBatch) -> None:
        """Write the batch if the stored checkpoint is `expected`; else raise CheckpointMoved.

        After Unavailable it is unknown whether it was written: read the checkpoint, it knows.
        """
        ...


class Page(NamedTuple):
    """A page of documents in the order of their ids; `cursor` continues after it, None at the end."""

    documents: Sequence[Document]
    cursor: str | None


class ReadModels(Protocol):
    """What queries need."""

    async def document(self, projection: str, document_id: str) -> Document | None: ...

    async def find(self, projection: str, index: Index | None, limit: int, after: str | None) -> Page:
        """The documents in an index entry (None: all of them), at most `limit`, with ids greater than `after`."""
        ...

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        """The last sequence applied."""
        ...
