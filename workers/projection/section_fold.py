"""What a section's values must be: the fold of a lane's events in the table, for some documents at a time.

Many streams feed one value, and no index of the table leads from a document to them: the whole lane is read.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from contracts.envelope import MalformedMessage
from contracts.stored_events import NewerRelease, StoredEvents
from workers.core.projection import Section
from workers.lanes.recorded_rows import recorded_row
from workers.parking import Raised, described
from workers.ports.event_store import EventRow
from workers.ports.parked import ParkedStream
from workers.ports.sections import SectionValue
from workers.projection.section_folding import extended, waits

EVENTS_AT_A_TIME = 1000


class LaneEvents(Protocol):
    """The events of one lane in the table: `EventTable` and `VerifiedTable` have them."""

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of a lane with higher sequences, in order. Raises Unavailable."""
        ...


class SectionFold:
    """The values of one lane for the documents that `wanted(document id)` names, up to `sequence`.

    Left out are events of parked streams from where they are parked on, the versions in `skipped` (by stream id) and
    events on which the code raises, which are noted in `raised` by stream id. `streams` are the streams of each value.
    Other code may have applied the events on which this raises: so nothing is sure about the documents of these.
    """

    def __init__(
        self,
        section: Section,
        models: StoredEvents,
        partition: int,
        parked: Mapping[str, ParkedStream],
        wanted: Callable[[str], bool],
        skipped: Mapping[str, AbstractSet[int]] | None = None,
    ) -> None:
        self.sequence = 0
        self.values: dict[str, SectionValue] = {}
        self.streams: dict[str, set[str]] = {}
        self.raised: dict[str, Raised] = {}
        self._section = section
        # The events that never concern the section, by name and version.
        self._passed = {
            (model.name, model.schema_version)
            for type_, model in models.models.items()
            if model.context == section.context and section.reacts_to.isdisjoint(models.becomes(type_))
        }
        self._newer: NewerRelease | None = None
        self._models = models
        self._partition = partition
        self._parked = parked
        self._wanted = wanted
        self._skipped = skipped or {}
        self._unsure: set[str] = set()
        self._has_unnamed = False

    async def read(self, table: LaneEvents, until: int) -> None:
        """Go on to the sequence `until`, as far as the table has it. Raises Unavailable."""
        while self.sequence < until:
            limit = min(EVENTS_AT_A_TIME, until - self.sequence)
            rows = await table.events_after(self._section.context, self._partition, self.sequence, limit)
            if not rows:
                return
            for row in rows:
                self.apply(row)
            self.sequence = rows[-1].sequence

    def refuse_newer(self) -> None:
        """Raise NewerRelease if one of the events is of a type that this release does not declare."""
        if self._newer is not None:
            raise self._newer

    def is_unsure(self, document_id: str) -> bool:
        """Whether the document may have an event on which the code raises: an event that names none may be of any."""
        return self._has_unnamed or document_id in self._unsure

    def apply(self, row: EventRow) -> None:
        """Fold one event; the events of the lane come in order."""
        if (row.type, row.schema_version) in self._passed or self._is_left_out(row):
            return
        document_id: str | None = None
        touched: set[str] = set()
        try:
            for part in recorded_row(row, self._models).parts:
                if type(part.event) not in self._section.reacts_to:
                    continue
                document_id = None
                document_id = self._section.document_id(part.event)
                touched.add(document_id)
                if self._wanted(document_id):
                    self.streams.setdefault(document_id, set()).add(row.stream_id)
                    self.values[document_id] = extended(self._section, self.values.get(document_id), part)
        except MalformedMessage as error:
            if isinstance(error, NewerRelease):
                self._newer = error
            self._note_raised(row, touched, None, str(error))
        except Exception as error:  # noqa: BLE001  # a bug in a section is a finding, not the end of a verification
            self._note_raised(row, touched, document_id, described(error))

    def _note_raised(self, row: EventRow, touched: set[str], document_id: str | None, explanation: str) -> None:
        """`touched`: the documents of the event's parts so far; `document_id`: that of the last part, if it has one."""
        self.raised.setdefault(row.stream_id, Raised(row.stream_version, explanation))
        self._unsure |= touched
        self._has_unnamed |= document_id is None

    def _is_left_out(self, row: EventRow) -> bool:
        is_skipped = row.stream_version in self._skipped.get(row.stream_id, ())
        return is_skipped or waits(self._parked, row.stream_id, row.stream_version)
