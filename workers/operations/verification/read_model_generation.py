"""One generation of a read model, and the fold of the table that it must be.

Documents, checkpoints and parked streams are read as of one moment, and the fold goes exactly as far. So the comparison
is exact while workers go on writing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from workers.core.projection import Document, Projection
from workers.operations.verification.comparisons.read_model import DocumentFold, entries_as_stored
from workers.operations.verification.skipped_events import SkippedVersions
from workers.operations.verification.sources import Sources
from workers.ports.parked import ParkedStream
from workers.ports.read_models import Generation
from workers.ports.verification.documents import DocumentsAtMoment, IndexEntry
from workers.projection.folding import entries

MAX_LOOKS = 20
"""How often a document that keeps changing is looked at for its index entries."""


class Compared(NamedTuple):
    """Some documents as of one moment, and the fold of their streams up to it."""

    moment: DocumentsAtMoment
    fold: DocumentFold


class ReadModelGeneration:
    """One generation of a projection's read model."""

    def __init__(self, sources: Sources, projection: Projection, generation: Generation) -> None:
        self.sources = sources
        self.projection = projection
        self.generation = generation
        self.topic = sources.topics.events(projection.context)
        self.partitions = range(sources.partitions)

    async def at_one_moment(
        self, document_ids: Sequence[str], index_entries: Sequence[IndexEntry] = ()
    ) -> DocumentsAtMoment:
        """As `StoredDocuments.at_one_moment`."""
        return await self.sources.documents.at_one_moment(
            self.generation, self.topic, self.partitions, document_ids, index_entries
        )

    async def compared(self, document_ids: Sequence[str]) -> Compared:
        """These documents, and the fold of their streams up to the moment at which they are read."""
        moment = await self.at_one_moment(document_ids)
        return Compared(moment, await self.folded(document_ids, moment.sequences, moment.parked))

    async def folded(
        self,
        document_ids: Sequence[str],
        sequences: Mapping[int, int],
        parked: Mapping[str, ParkedStream],
        skipped: SkippedVersions | None = None,
    ) -> DocumentFold:
        """The fold of these streams, each lane up to its sequence, without the skipped versions."""
        fold = DocumentFold(self.projection, self.sources.models, sequences, parked, skipped)
        async with self.sources.table.read_transaction() as transaction:
            async for row in transaction.events_of(self.projection.context, document_ids):
                fold.apply(row)
        return fold

    async def missing_entries(self, stored: Mapping[str, Document]) -> list[IndexEntry]:
        """The index entries of these stored documents that do not exist."""
        missing: list[IndexEntry] = []
        for _ in range(MAX_LOOKS):
            wanted = [
                (index, document_id)
                for document_id, document in stored.items()
                for index in sorted(entries_as_stored(self.projection, document))
            ]
            if not wanted:
                break
            moment = await self.at_one_moment(list(stored), wanted)
            changed = {
                document_id for document_id in stored if moment.documents.get(document_id) != stored[document_id]
            }
            missing += [entry for entry in wanted if entry not in moment.present and entry[1] not in changed]
            stored = {
                document_id: moment.documents[document_id] for document_id in changed if document_id in moment.documents
            }
        return missing

    async def unexplained(self, index_entries: list[IndexEntry]) -> list[IndexEntry]:
        """Those of these entries that exist although neither the stored document nor the fold has them."""
        document_ids = sorted({document_id for _, document_id in index_entries})
        moment = await self.at_one_moment(document_ids, index_entries)
        suspects = [
            (index, document_id)
            for index, document_id in index_entries
            if (index, document_id) in moment.present
            and index not in entries_as_stored(self.projection, moment.documents.get(document_id))
        ]
        if not suspects:
            return []
        suspected_ids = sorted({document_id for _, document_id in suspects})
        fold = await self.folded(suspected_ids, moment.sequences, moment.parked)
        return [
            (index, document_id)
            for index, document_id in suspects
            if index not in entries(self.projection, fold.documents.get(document_id))
        ]
