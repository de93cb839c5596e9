"""The published windows of one lane against a fold of its events, exactly.

A window is compared with what the fold has at the window's own sequence, so it does not matter how far the lane has
come meanwhile. At the lane's published position the two must have the same windows, and none of them may lack an event.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contracts.analytics import PublishedPosition, PublishedWindow, window_key
from contracts.envelope import MalformedMessage
from contracts.message import Event
from contracts.stored_events import StoredEvents
from workers.analytics.fold import LaneFold
from workers.analytics.published import key_of
from workers.analytics.records import shown_sums
from workers.core.analytics import Series, WindowKey
from workers.lanes.recorded_rows import recorded_row
from workers.operations.verification.findings import FindingKind
from workers.ports.event_store import EventRow

NAMED_FIELDS = 3
MAX_CHARACTERS = 40


class LaneRecord(NamedTuple):
    """A window as it stands in the topic: the record's key, and when the broker wrote it (milliseconds since 1970)."""

    key: bytes
    written_ms: int
    window: PublishedWindow


class WindowFinding(NamedTuple):
    """What is wrong with a window, or with the lane's position."""

    kind: FindingKind
    where: str
    explanation: str


class LaneWindowComparison:
    """Compares the lane's records while its events are folded in order, by `apply`, up to `until`; then call `end`."""

    def __init__(
        self,
        context: str,
        partition: int,
        series: Sequence[Series],
        models: StoredEvents,
        records: Iterable[LaneRecord],
        position: PublishedPosition | None,
    ) -> None:
        self.findings: list[WindowFinding] = []
        self._context, self._partition, self._models = context, partition, models
        self._series = {declared.name: declared for declared in series}
        self._folded = frozenset[type[Event]]().union(*(declared.reacts_to for declared in series))
        self._fold = LaneFold(series)
        self._position = 0 if position is None else position.sequence
        self._records: dict[WindowKey, LaneRecord] = {}
        self._by_sequence: dict[int, list[WindowKey]] = {}
        for record in records:
            self._add(record)
        self.until = max([self._position, *self._by_sequence])

    def _add(self, record: LaneRecord) -> None:
        window = record.window
        key = key_of(window)
        series = self._series.get(window.series)
        own_key = window_key(self._context, *key).encode()
        if series is None or all(size.seconds != key.size for size in series.sizes) or key.start % key.size:
            self._report(FindingKind.WINDOW_LEFT_OVER, key, "no series has such a window")
        elif record.key != own_key:
            self._report(FindingKind.WINDOW_LEFT_OVER, key, "its record has the key of another window")
        elif window.partition != self._partition:
            self._report(FindingKind.WINDOW_DIFFERS, key, f"it says that it is of partition {window.partition}")
        else:
            self._records[key] = record
            self._by_sequence.setdefault(window.sequence, []).append(key)

    def apply(self, row: EventRow) -> None:
        """Fold the next event of the lane."""
        if not self._folded.isdisjoint(self._models.becomes(f"{row.context}.{row.type}.v{row.schema_version}")):
            try:
                self._fold.apply(recorded_row(row, self._models))
            except MalformedMessage:
                self._fold.pass_over(row.sequence, row.recorded_at)
        else:
            self._fold.pass_over(row.sequence, row.recorded_at)
        for key in self._by_sequence.get(row.sequence, ()):
            if key in self._fold.windows and self._fold.sequence_of(key) == row.sequence:
                self._compare_sums(key)
            elif row.sequence > self._position:
                self._report(FindingKind.WINDOW_LEFT_OVER, key, f"the event {row.sequence} is not in it")
        if row.sequence == self._position:
            self._compare_at_position()

    def end(self) -> None:
        """The table has no more events, or `until` is reached."""
        last = self._fold.position
        for sequence, keys in self._by_sequence.items():
            if sequence > last or sequence < 1:
                for key in keys:
                    self._report(FindingKind.WINDOW_LEFT_OVER, key, f"the table has no event {sequence}")
        if self._position > last:
            where = f"{self._context} {self._partition}"
            explanation = f"the lane is published up to {self._position}, the table ends at {last}"
            self.findings.append(WindowFinding(FindingKind.WINDOW_DIFFERS, where, explanation))
        for key, record in self._records.items():
            ends_ms = (key.start + key.size) * 1000
            if record.window.closed and ends_ms > max(record.written_ms, self._fold.time_ms):
                self._report(FindingKind.WINDOW_DIFFERS, key, "it is closed, and its time was not over")

    def _compare_sums(self, key: WindowKey) -> None:
        window = self._records[key].window
        sums, hidden_fields = shown_sums(self._series[key.series], self._fold.totals(key))
        if window.sums != sums:
            fields = [field for field in sorted({*window.sums, *sums}) if window.sums.get(field) != sums.get(field)]
            named = [
                f"{_short(repr(field))} is {_short(window.sums.get(field, 'absent'))}, "
                f"the events have {_short(sums.get(field, 'none'))}"
                for field in fields[:NAMED_FIELDS]
            ]
            more = f"; and {len(fields) - NAMED_FIELDS} more" if len(fields) > NAMED_FIELDS else ""
            self._report(FindingKind.WINDOW_DIFFERS, key, "; ".join(named) + more)
        elif window.hidden_fields != hidden_fields:
            explanation = f"it hides {window.hidden_fields} fields, and should hide {hidden_fields}"
            self._report(FindingKind.WINDOW_DIFFERS, key, explanation)

    def _compare_at_position(self) -> None:
        """Of windows with later sequences nothing can be said here: they were compared, or will be, at their own."""
        for key in self._fold.windows.keys() - self._records.keys():
            explanation = f"it has events up to {self._fold.sequence_of(key)}"
            self._report(FindingKind.WINDOW_MISSING, key, explanation)
        for key, (_, _, window) in self._records.items():
            if window.sequence > self._position:
                continue
            if key not in self._fold.windows:
                self._report(FindingKind.WINDOW_LEFT_OVER, key, "no event is in it, or its time to be kept is over")
            elif (last := self._fold.sequence_of(key)) != window.sequence:
                explanation = f"its last event is {last}, and it says {window.sequence}"
                self._report(FindingKind.WINDOW_DIFFERS, key, explanation)

    def _report(self, kind: FindingKind, key: WindowKey, explanation: str) -> None:
        series = key.series if key.series in self._series else _short(repr(key.series))
        where = f"{self._context} {self._partition} {series}/{key.size}/{key.start}"
        self.findings.append(WindowFinding(kind, where, explanation))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
