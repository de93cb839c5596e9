"""Notices when the read-model store has lost values of a section beside the lane's checkpoint, and folds them again.

Every `LOOK_INTERVAL_SECONDS` a stretch of the lane's events is compared with the values, round and round: each event
must lie between the first and the last of its document's value. Once a value was missing, or the server has evicted
keys, one look follows the other until a whole round has found none. A lane that a whole round has found complete, and
that has no new events, is looked at every `REST_INTERVAL_SECONDS`.

The table has no index of a document's events: the lane is read again for the values that a look has missed. A value
with an event on which the code raises is left alone and reported: nobody can tell whether it had that event.
"""

from collections.abc import Mapping, Sequence

import structlog

from contracts.stored_events import StoredEvents
from workers import telemetry
from workers.core.projection import Section
from workers.ports.clock import Clock
from workers.ports.event_store import EventTable
from workers.ports.parked import ParkedStream
from workers.ports.read_models import EvictionAllowed, ServerSigns
from workers.ports.sections import SectionOfLane, SectionStore, SectionValue
from workers.projection.integrity import LOOK_INTERVAL_SECONDS, MAX_CHECK_SECONDS, MAX_NAMED, has_evicted
from workers.projection.section_fold import EVENTS_AT_A_TIME, SectionFold

REST_INTERVAL_SECONDS = 60.0
MAX_LOST = 10_000
"""The number of values after which a look looks no further: they are folded together, and written at once."""

log = structlog.get_logger(__name__)


class SectionIntegrity:
    """Checks one lane of a section. It writes nothing: the lane does, at its checkpoint."""

    def __init__(
        self,
        section: Section,
        partition: int,
        models: StoredEvents,
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
        self._has_lost = False
        self._complete_until: int | None = None
        self._left_alone: set[str] = set()
        self._signs: ServerSigns | None = None
        self._signs_at: float | None = None

    def suspect(self) -> None:
        """Have all of the lane checked, from its beginning."""
        self._left_alone.clear()
        self._begin_round()

    def _begin_round(self) -> None:
        self._suspicious, self._has_lost, self._position, self._complete_until = True, False, 0, None

    async def ask_server(self) -> None:
        """Compare what the server says about evictions with its last answer. Raises EvictionAllowed or Unavailable."""
        try:
            signs = await self._store.signs()
        except EvictionAllowed:
            self.suspect()
            raise
        self.note_signs(signs)

    def note_signs(self, signs: ServerSigns | None) -> None:
        """What the server reports now about evictions."""
        before, self._signs, self._signs_at = self._signs, signs, self._clock()
        if signs is not None and has_evicted(before, signs):
            self.suspect()

    def is_due(self, until: int) -> bool:
        """Whether `lost_values` would look, if the lane stands at the sequence `until`."""
        interval_seconds = REST_INTERVAL_SECONDS if self._complete_until == until else LOOK_INTERVAL_SECONDS
        return self._suspicious or self._clock() - self._looked_at >= interval_seconds

    async def lost_values(
        self, of_lane: SectionOfLane, until: int, waiting: Mapping[str, ParkedStream], *, by_this_code: bool
    ) -> dict[str, SectionValue]:
        """If a look is due, values that are not as they were left, as they should be at the sequence `until`. Other
        code than this may have counted other events: then only values that do not exist are lost.

        Raises EvictionAllowed or Unavailable.
        """
        if not self.is_due(until):
            return {}
        now = self._looked_at = self._clock()
        if self._signs_at is None or now - self._signs_at >= LOOK_INTERVAL_SECONDS:
            await self.ask_server()
        names = await self._next_lacking(of_lane, until, waiting, by_this_code=by_this_code)
        while self._suspicious and self._position < until and len(names) < MAX_LOST:
            if self._clock() - now > MAX_CHECK_SECONDS:
                break
            names |= await self._next_lacking(of_lane, until, waiting, by_this_code=by_this_code)
        lost = await self._folded(names, of_lane, until, waiting) if names else {}
        self._note_look(until, has_lost=bool(lost))
        return lost

    async def _next_lacking(
        self, of_lane: SectionOfLane, until: int, waiting: Mapping[str, ParkedStream], *, by_this_code: bool
    ) -> set[str]:
        """The documents whose values seem to lack an event of the next stretch. Raises Unavailable."""
        begin = self._position if self._position < until else 0
        limit = min(EVENTS_AT_A_TIME, until - begin)
        rows = await self._table.events_after(self._section.context, self._partition, begin, limit) if limit else ()
        fold = SectionFold(self._section, self._models, self._partition, waiting, lambda _: True)
        for row in rows:
            fold.apply(row)
        fold.refuse_newer()
        stored = await self._store.section_values(of_lane, list(fold.values)) if fold.values else {}
        self._position = rows[-1].sequence if rows else until
        return {
            name
            for name, value in fold.values.items()
            if name not in self._left_alone
            and (
                name not in stored
                or (by_this_code and not (stored[name].covers(value.first) and stored[name].covers(value.last)))
            )
        }

    async def _folded(
        self, names: set[str], of_lane: SectionOfLane, until: int, waiting: Mapping[str, ParkedStream]
    ) -> dict[str, SectionValue]:
        """Of these documents' values, those that differ from the fold, as the fold. Those with events on which the code
        raises are left alone: the fold lacks these events, and the values may have had them. Raises Unavailable.
        """
        fold = SectionFold(self._section, self._models, self._partition, waiting, names.__contains__)
        await fold.read(self._table, until)
        fold.refuse_newer()
        stored = await self._store.section_values(of_lane, sorted(names))
        differing = {name: value for name, value in fold.values.items() if stored.get(name) != value}
        unsure = {name for name in differing if fold.is_unsure(name)}
        if unsure:
            self._report_left_alone(unsure, of_lane)
        return {name: value for name, value in differing.items() if name not in unsure}

    def _report_left_alone(self, unsure: set[str], of_lane: SectionOfLane) -> None:
        self._left_alone |= unsure
        log.error(
            "values of a section are lost and cannot be rebuilt: the code raises on some of their events",
            section=self._section.name,
            generation=of_lane.generation.number,
            partition=of_lane.partition,
            documents=len(unsure),
            ids=sorted(unsure)[:MAX_NAMED],
            advice="fix the code, then rebuild the projection",
        )

    def _note_look(self, until: int, *, has_lost: bool) -> None:
        """After a loss the lane is suspicious until a whole round has found none: perhaps nothing was written."""
        if has_lost and not self._suspicious:
            self._begin_round()
            return
        self._has_lost = self._has_lost or has_lost
        if self._position >= until:
            self._suspicious = self._suspicious and self._has_lost
            self._complete_until = None if self._has_lost else until
            self._has_lost = False

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
