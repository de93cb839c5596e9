"""The stored read models as a verification reads them: what must agree is read as of one moment."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.core.projection import Document, Index
from workers.ports.parked import ParkedStream
from workers.ports.read_models import Checkpoint, Generation
from workers.ports.sections import StoredSections

IndexEntry = tuple[Index, str]
"""An entry of an index (name, key and order), and the id of the document that is found by it."""


class DocumentsAtMoment(NamedTuple):
    """A generation at one moment: the checkpoint of each lane of its topic, by partition; the requested documents that
    exist; which of their streams are parked, by stream id; and the requested index entries that exist.
    """

    checkpoints: Mapping[int, Checkpoint]
    documents: Mapping[str, Document]
    parked: Mapping[str, ParkedStream]
    present: frozenset[IndexEntry]

    @property
    def sequences(self) -> dict[int, int]:
        """The last sequence applied, by partition."""
        return {partition: checkpoint.sequence for partition, checkpoint in self.checkpoints.items()}


class StoredDocuments(StoredSections, Protocol):
    """The documents with their sections, index entries, checkpoints and parked streams of the read models."""

    async def live(self, projection: str) -> Generation:
        """The generation that queries see; the first, unless another was switched to."""
        ...

    async def applied_sequence(self, generation: Generation, topic: str, partition: int) -> int:
        """The last sequence that the generation has applied of this lane; 0: none."""
        ...

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        """The streams that are parked in a lane, in the order of their ids."""
        ...

    async def at_one_moment(
        self,
        generation: Generation,
        topic: str,
        partitions: Sequence[int],
        document_ids: Sequence[str],
        entries: Sequence[IndexEntry] = (),
    ) -> DocumentsAtMoment:
        """The checkpoints of these partitions (START where there is none), these documents with their parked streams,
        and which of these index entries exist: all as of one moment. The order of an entry is part of it.
        """
        ...

    def index_entries(self, generation: Generation, index_name: str) -> AsyncIterator[list[IndexEntry]]:
        """All entries of an index, in the order of key, order and document id, in batches of a bounded number, none of
        them empty. Entries that come or go meanwhile disturb no others.
        """
        ...

    def document_ids(self, generation: Generation) -> AsyncIterator[list[str]]:
        """The ids of all stored documents, in no order, in batches, none of them empty. A document that comes or goes
        meanwhile may be left out, and an id may come twice.
        """
        ...
