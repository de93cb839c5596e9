"""Notices when the read-model store has lost values of a section beside the lane's checkpoint, and folds them again.

Every `LOOK_INTERVAL_SECONDS` a stretch of the lane's events is compared with the values, round and round: each event
must lie between the first and the last of its document's value. Once a value was missing, or the server has evicted
keys, the whole lane is compared at once. The table has no index of a document's events: the lane is read again for all
values that a look has missed.
"""

from collections.abc import Mapping, Sequence

import structlog

from contracts.message import Event
from workers import telemetry
from workers.core.projection import Section
from workers.ports.clock import Clock
from workers.ports.event_store import EventTable
from workers.ports.parked import ParkedStream
from workers.ports.read_models import EvictionAllowed, ServerSigns
from workers.ports.sections import SectionOfLane, SectionStore, SectionValue
from workers.projection.integrity import LOOK_INTERVAL_SECONDS, MAX_NAMED, has_evicted
from workers.projection.section_fold import EVENTS_AT_A_TIME, SectionFold

log = structlog.get_logger(__name__)


class SectionIntegrity:
    """Checks one lane of a section. It writes nothing: the lane does, at its checkpoint."""

    def __init__(
        self,
        section: Section,
        partition: int,
        models: Mapping[str, type[Event]],
        table: EventTable,
        store: SectionStore,
        clock: Clock,
    ) -> None:
        self._section = section
        self._partition = partition
        self._models = models
        self._table = table
        self._store = store
        self._clock = clock
        self._looked_at = clock()
        self._position = 0
        self._suspicious = False
        self._signs: ServerSigns | None = None

    async def ask_server(self) -> None:
        """Compare what the server says about evictions with its last answer. Raises EvictionAllowed or Unavailable."""
        try:
            signs = await self._store.signs()
        except EvictionAllowed:
            self._suspicious = True
            raise
        self.note_signs(signs)

    def note_signs(self, signs: ServerSigns | None) -> None:
        """What the server reports now about evictions."""
        before, self._signs = self._signs, signs
        self._suspicious = self._suspicious or (signs is not None and has_evicted(before, signs))

    @property
    def is_at_rest(self) -> bool:
        """Whether `lost_values` would look at nothing."""
        return not self._suspicious and self._clock() - self._looked_at < LOOK_INTERVAL_SECONDS

    async def lost_values(
        self, of_lane: SectionOfLane, until: int, waiting: Mapping[str, ParkedStream]
    ) -> dict[str, SectionValue]:
        """If a look is due, the values that are not as they were left, as they should be at the sequence `until`.
        Raises EvictionAllowed or Unavailable.
        """
        now = self._clock()
        if now - self._looked_at < LOOK_INTERVAL_SECONDS:
            return {}
        self._looked_at = now
        await self.ask_server()
        lost = await self._next_lost(of_lane, until, waiting)
        if lost or self._suspicious:
            self._position = 0
            while self._position < until:
                lost |= await self._next_lost(of_lane, until, waiting)
        self._suspicious = False
        if not lost:
            return {}
        fold = SectionFold(self._section, self._models, self._partition, waiting, lost.__contains__)
        await fold.read(self._table, until)
        stored = await self._store.section_values(of_lane, sorted(lost))
        return {name: value for name, value in fold.values.items() if stored.get(name) != value}

    async def _next_lost(self, of_lane: SectionOfLane, until: int, waiting: Mapping[str, ParkedStream]) -> set[str]:
        """The documents whose values lack an event of the next stretch. Raises Unavailable."""
        begin = self._position if self._position < until else 0
        limit = min(EVENTS_AT_A_TIME, until - begin)
        rows = await self._table.events_after(self._section.context, self._partition, begin, limit) if limit else ()
        self._position = rows[-1].sequence if rows else until
        fold = SectionFold(self._section, self._models, self._partition, waiting, lambda _: True)
        for row in rows:
            fold.apply(row)
        stored = await self._store.section_values(of_lane, list(fold.values)) if fold.values else {}
        return {
            name
            for name, value in fold.values.items()
            if name not in stored or not (stored[name].covers(value.first) and stored[name].covers(value.last))
        }

    def report_lost(self, projection: str, of_lane: SectionOfLane, document_ids: Sequence[str]) -> None:
        """Log and count the values that were written again."""
        telemetry.DOCUMENTS_LOST.labels(projection).inc(len(document_ids))
        log.error(
            "the read-model store had lost values of a section; they were rebuilt from the table",
            projection=projection,
            generation=of_lane.generation.number,
            partition=of_lane.partition,
            documents=len(document_ids),
            ids=list(document_ids[:MAX_NAMED]),
            advice="find out what evicts, expires or deletes keys of this Redis",
        )
