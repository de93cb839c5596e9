"""A read model against the fold of the table, stream by stream.

The fold goes as far as the read model says that it has come, lane by lane, and stops before what is parked. So the two
must be equal at every moment, however busy the system is.
"""

from collections.abc import Mapping
from typing import NamedTuple

from contracts.envelope import MalformedMessage
from contracts.stored_events import StoredEvents
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import evolved
from workers.lanes.recorded_rows import recorded_row
from workers.operations.verification.comparisons.same_json import same_value
from workers.operations.verification.findings import FindingKind
from workers.parking import Raised, described
from workers.ports.event_store import EventRow
from workers.ports.parked import ParkedStream
from workers.projection.folding import entries

_ABSENT = object()


class DocumentFold:
    """The documents of some streams. An event that the code cannot apply is passed over and noted in `raised`.

    Each lane is folded up to its sequence in `sequences`, each parked stream up to its first waiting event; `skipped`
    are versions to leave out, by stream id.
    """

    def __init__(
        self,
        projection: Projection,
        models: StoredEvents,
        sequences: Mapping[int, int],
        parked: Mapping[str, ParkedStream],
        skipped: Mapping[str, frozenset[int]] | None = None,
    ) -> None:
        self.documents: dict[str, Document] = {}
        self.partitions: dict[str, int] = {}
        self.raised: dict[str, Raised] = {}
        self._projection = projection
        self._models = models
        self._sequences = sequences
        self._parked = parked
        self._skipped = skipped or {}

    def apply(self, row: EventRow) -> None:
        """Fold one event; the events of a stream come in order."""
        stream_id = row.stream_id
        self.partitions[stream_id] = row.partition
        if row.stream_version in self._skipped.get(stream_id, ()):
            return
        parked = self._parked.get(stream_id)
        is_parked = parked is not None and row.stream_version >= parked.stream_version
        if is_parked or row.sequence > self._sequences.get(row.partition, 0):
            return
        try:
            recorded = recorded_row(row, self._models)
            document = evolved(self._projection.evolve, self.documents.get(stream_id), recorded)
            entries(self._projection, document)
        except MalformedMessage as error:
            self.raised.setdefault(stream_id, Raised(row.stream_version, str(error)))
        except Exception as error:  # noqa: BLE001  # a bug in a projection is a finding, not the end of the verification
            self.raised.setdefault(stream_id, Raised(row.stream_version, described(error)))
        else:
            if document is None:
                self.documents.pop(stream_id, None)
            else:
                self.documents[stream_id] = document


class DocumentDifference(NamedTuple):
    """In what way a stored document is not the fold."""

    kind: FindingKind
    explanation: str


def difference(expected: Document | None, stored: Document | None) -> DocumentDifference | None:
    """What is wrong with a stored document; None when it is the fold. Names fields, never values."""
    if same_value(expected, stored):
        return None
    if stored is None:
        return DocumentDifference(FindingKind.DOCUMENT_MISSING, "its stream leads to one")
    if expected is None:
        return DocumentDifference(FindingKind.DOCUMENT_LEFT_OVER, "its stream leads to none")
    fields = [
        name
        for name in sorted({*expected, *stored})
        if not same_value(expected.get(name, _ABSENT), stored.get(name, _ABSENT))
    ]
    return DocumentDifference(FindingKind.DOCUMENT_DIFFERS, f"in {', '.join(fields)}")


def entries_as_stored(projection: Projection, document: Document | None) -> frozenset[Index]:
    """The index entries that a stored document should have; none when it is damaged so much that the code raises."""
    try:
        return entries(projection, document)
    except Exception:  # noqa: BLE001  # the document is not the fold: that is another finding
        return frozenset()
