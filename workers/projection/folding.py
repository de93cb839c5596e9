"""One batch of events through a projection: documents in, documents and index changes out. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.ports.read_models import IndexChange

ALL = Index("all", "")
"""Every document is found by this one."""


class Folded(NamedTuple):
    """The documents after the batch (None: removed), and how the indexes change."""

    documents: Mapping[str, Document | None]
    added: Sequence[IndexChange]
    removed: Sequence[IndexChange]


def fold(projection: Projection, events: Sequence[Recorded], stored: Mapping[str, Document]) -> Folded:
    """Fold events over the stored documents. Only the batch's first and last state of a document are compared."""
    documents: dict[str, Document | None] = {}
    evolve = projection.evolve
    for recorded in events:
        document_id = recorded.stream_id
        before = documents[document_id] if document_id in documents else stored.get(document_id)
        documents[document_id] = evolve(before, recorded)
    added: list[IndexChange] = []
    removed: list[IndexChange] = []
    for document_id, document in documents.items():
        old = entries(projection, stored.get(document_id))
        new = entries(projection, document)
        added += [IndexChange(index, document_id) for index in new - old]
        removed += [IndexChange(index, document_id) for index in old - new]
    return Folded(documents, added, removed)


def entries(projection: Projection, document: Document | None) -> frozenset[Index]:
    """All ways to find a document; none when there is none."""
    return frozenset() if document is None else projection.indexes(document) | {ALL}
