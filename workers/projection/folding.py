"""Applies one batch of events to documents: documents in, documents and index changes out. Pure.

An event on which the projection's code fails parks its stream: neither that event nor any later one of the stream is
applied, and the document stays as it was before.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import orjson

from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded, evolved
from workers.parking import ATTEMPTS, parked_by
from workers.ports.parked import ParkedStream
from workers.ports.read_models import IndexChange

ALL = Index("all", "")
"""The index that has every document."""


class Folded(NamedTuple):
    """The documents after the batch as JSON (None: removed), the changes of the indexes, and the streams that the batch
    has parked.
    """

    documents: Mapping[str, bytes | None]
    added: Sequence[IndexChange]
    removed: Sequence[IndexChange]
    parked: Sequence[ParkedStream]


def fold(
    projection: Projection,
    events: Sequence[Recorded],
    stored: Mapping[str, Document],
    waiting: AbstractSet[str] = frozenset(),
) -> Folded:
    """Apply events to the stored documents, without those of the streams in `waiting`."""
    if waiting:
        events = [recorded for recorded in events if recorded.stream_id not in waiting]
    try:
        return _changes(projection, _evolved(projection, events, stored), stored, ())
    except Exception:  # noqa: BLE001  # whatever a projection raises: find its event
        documents, parked = _evolved_one_by_one(projection, events, stored)
        return _changes(projection, documents, stored, parked)


def _evolved(
    projection: Projection, events: Sequence[Recorded], stored: Mapping[str, Document]
) -> dict[str, Document | None]:
    documents: dict[str, Document | None] = {}
    evolve = projection.evolve
    for recorded in events:
        document_id = recorded.stream_id
        before = documents[document_id] if document_id in documents else _before(recorded, stored)
        documents[document_id] = evolved(evolve, before, recorded) if recorded.more else evolve(before, recorded)
    return documents


def _before(recorded: Recorded, stored: Mapping[str, Document]) -> Document | None:
    """The document to which the first event of a stream in this batch is applied. A document that is stored before its
    stream begins is a leftover of a lane that has started over: applied to it, everything would count twice.
    """
    return stored.get(recorded.stream_id) if recorded.stream_version > 1 else None


def _evolved_one_by_one(
    projection: Projection, events: Sequence[Recorded], stored: Mapping[str, Document]
) -> tuple[dict[str, Document | None], list[ParkedStream]]:
    """Event by event: the documents, and the streams that are parked at an event on which the code fails."""
    documents: dict[str, Document | None] = {}
    parked: dict[str, ParkedStream] = {}
    for recorded in events:
        document_id = recorded.stream_id
        if document_id in parked:
            continue
        before = documents[document_id] if document_id in documents else _before(recorded, stored)
        for _ in range(ATTEMPTS):
            try:
                after = evolved(projection.evolve, before, recorded)
                orjson.dumps(after)
                entries(projection, before), entries(projection, after)
            except Exception as error:  # noqa: BLE001  # a bug in a projection must not stop the lane
                parked[document_id] = parked_by(projection.name, recorded, error)
            else:
                documents[document_id] = after
                parked.pop(document_id, None)
                break
    return documents, list(parked.values())


def _changes(
    projection: Projection,
    documents: Mapping[str, Document | None],
    stored: Mapping[str, Document],
    parked: Sequence[ParkedStream],
) -> Folded:
    """What to write: the difference between a document's first and last state in this batch."""
    encoded: dict[str, bytes | None] = {}
    added: list[IndexChange] = []
    removed: list[IndexChange] = []
    for document_id, document in documents.items():
        old = entries(projection, stored.get(document_id))
        new = entries(projection, document)
        if new != old:
            added += [IndexChange(index, document_id) for index in new - old]
            removed += [IndexChange(index, document_id) for index in old - new]
        encoded[document_id] = None if document is None else orjson.dumps(document)
    return Folded(encoded, added, removed, parked)


def entries(projection: Projection, document: Document | None) -> frozenset[Index]:
    """All index entries of a document; no document has none."""
    return frozenset() if document is None else projection.indexes(document) | {ALL}
