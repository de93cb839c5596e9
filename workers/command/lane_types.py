"""The types of the events that a lane has: a worker of a release that does not know one of them leaves the lane."""

from collections.abc import Sequence

from contracts.stored_events import NewerRelease, StoredEvents
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey, LaneStore


class LaneTypes:
    """The types of one lane, as its owner knows them. `required`: what the next owner must know."""

    def __init__(self, context: str, lane: LaneKey, store: LaneStore, models: StoredEvents) -> None:
        self.required: frozenset[str] = frozenset()
        self._context, self._lane, self._store, self._models = context, lane, store, models

    def begin(self, stored: frozenset[str]) -> None:
        """The lane was acquired, and these types are stored of it. Raises NewerRelease if one is not declared here."""
        self.required = stored
        if unknown := sorted(stored - self._models.models.keys()):
            raise NewerRelease(unknown[-1])

    async def note(self, epoch: int, events: Sequence[EventRow]) -> None:
        """Store the types of events that are about to be committed: once for each type. Raises Fenced or Unavailable.

        It is stored before, or a crash in between would give the lane to a worker that cannot read its events.
        """
        names = {(row.type, row.schema_version) for row in events}
        types = {f"{self._context}.{name}.v{version}" for name, version in names}
        if not types <= self.required:
            await self._store.note_event_types(self._lane, epoch, types)
            self.required |= types
