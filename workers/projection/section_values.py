"""A section's stored values as of the lane's checkpoint, which is what events can be counted on."""

from collections.abc import Mapping, Sequence

from contracts.stored_events import StoredEvents
from workers.core.projection import Section
from workers.ports.event_store import EventTable
from workers.ports.sections import SectionOfLane, SectionStore, SectionValue
from workers.projection.part import Part
from workers.projection.section_fold import SectionFold


class UnsureValues(Exception):
    """The code raises on events of these documents, so that nobody can tell their values at the checkpoint."""

    def __init__(self, document_ids: Sequence[str]) -> None:
        super().__init__("a section's code raises on events of values that must be folded")
        self.document_ids = document_ids


class SectionValues:
    """The values of one lane. It writes nothing: the lane does."""

    def __init__(
        self, section: Section, models: StoredEvents, table: EventTable, store: SectionStore, part: Part
    ) -> None:
        self._section = section
        self._models = models
        self._table = table
        self._store = store
        self._part = part

    @property
    def of_lane(self) -> SectionOfLane:
        """Where the values are."""
        return SectionOfLane(self._part.generation, self._section.name, self._part.partition)

    async def at_checkpoint(self, document_ids: Sequence[str]) -> Mapping[str, SectionValue]:
        """The values as of the checkpoint. One with later events is folded again: the checkpoint was lost or set back
        without it, perhaps with parked streams whose events it lacks. One with later events only is none yet.

        Raises UnsureValues or Unavailable.
        """
        stored = await self._store.section_values(self.of_lane, document_ids) if document_ids else {}
        until = self._part.checkpoint.sequence
        ahead = {document_id for document_id, value in stored.items() if value.last > until}
        begun = {document_id for document_id in ahead if stored[document_id].first <= until}
        kept = {document_id: value for document_id, value in stored.items() if document_id not in ahead}
        if not begun:
            return kept
        fold = await self.fold(begun)
        if unsure := sorted(filter(fold.is_unsure, begun)):
            raise UnsureValues(unsure)
        return kept | fold.values

    async def fold(self, names: set[str]) -> SectionFold:
        """The fold of these documents' values, from the table, at the checkpoint. Raises NewerRelease or
        Unavailable."""
        part = self._part
        fold = SectionFold(self._section, self._models, part.partition, part.waiting, names.__contains__)
        await fold.read(self._table, part.checkpoint.sequence)
        fold.refuse_newer()
        return fold
