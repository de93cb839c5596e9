"""A read model against the fold of the table, stream by stream.

The fold goes as far as the read model says that it has come, lane by lane, and not into what is parked: so the two
must be equal at every moment, however busy the system is.
"""

from collections.abc import Mapping
from typing import NamedTuple

from contracts.envelope import MalformedMessage
from contracts.message import Event
from workers.core.projection import Document, Index, Projection
from workers.lanes.sequenced import recorded_row
from workers.parking import described
from workers.ports.event_store import EventRow
from workers.ports.parked import ParkedStream
from workers.projection.folding import entries
from workers.verification.findings import What
from workers.verification.same_json import same_value

_NONE = object()


class Raised(NamedTuple):
    """The first event of a stream that the code could not take, and why (no value of it)."""

    stream_version: int
    explanation: str


class DocumentFold:
    """The documents of some streams. An event that the code cannot take is passed over and noted in `raised`; those
    in `without` (versions by stream) are not asked for.
    """

    def __init__(
        self,
        projection: Projection,
        models: Mapping[str, type[Event]],
        reached: Mapping[int, int],
        parked: Mapping[str, ParkedStream],
        without: Mapping[str, frozenset[int]] | None = None,
    ) -> None:
        self.documents: dict[str, Document] = {}
        self.partitions: dict[str, int] = {}
        self.raised: dict[str, Raised] = {}
        self._projection = projection
        self._models = models
        self._reached = reached
        self._parked = parked
        self._without = without or {}

    def apply(self, row: EventRow) -> None:
        """Fold one event; the events of a stream come in order."""
        stream_id = row.stream_id
        self.partitions[stream_id] = row.partition
        if row.stream_version in self._without.get(stream_id, ()):
            return
        waits = self._parked.get(stream_id)
        if row.sequence > self._reached.get(row.partition, 0) or (waits and row.stream_version >= waits.stream_version):
            return
        before = self.documents.get(stream_id)
        try:
            after = self._projection.evolve(before, recorded_row(row, self._models))
            entries(self._projection, after)
        except MalformedMessage as error:
            self.raised.setdefault(stream_id, Raised(row.stream_version, str(error)))
        except Exception as error:  # noqa: BLE001  # a bug in a projection is a finding, not the end of the verification
            self.raised.setdefault(stream_id, Raised(row.stream_version, described(error)))
        else:
            if after is None:
                self.documents.pop(stream_id, None)
            else:
                self.documents[stream_id] = after


class Difference(NamedTuple):
    """How a stored document is not the fold."""

    what: What
    explanation: str


def difference(expected: Document | None, stored: Document | None) -> Difference | None:
    """What is wrong with a stored document; None when it is the fold. Names fields, never values."""
    if same_value(expected, stored):
        return None
    if stored is None:
        return Difference(What.DOCUMENT_MISSING, "its stream leads to one")
    if expected is None:
        return Difference(What.DOCUMENT_LEFT_OVER, "its stream leads to none")
    fields = [
        name
        for name in sorted({*expected, *stored})
        if not same_value(expected.get(name, _NONE), stored.get(name, _NONE))
    ]
    return Difference(What.DOCUMENT_DIFFERS, f"in {', '.join(fields)}")


def entries_as_stored(projection: Projection, document: Document | None) -> frozenset[Index]:
    """The index entries that a stored document should have; none when it is spoilt past asking."""
    try:
        return entries(projection, document)
    except Exception:  # noqa: BLE001  # the document is not the fold: that is another finding
        return frozenset()
