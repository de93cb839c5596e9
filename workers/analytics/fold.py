"""The windows of one lane, as a fold of its events in order. Pure: the same events give the same windows.

Each sum carries the sequence of the last event that touched it. After a crash a part of what was written may be newer
than the position from which events are applied again: what a sum has seen is dropped by its sequence. For that, what is
written of a batch is written in this order: sums, memories, the windows that were forgotten, position.

Whether a window is forgotten depends on all its sums. So that they are the same when events are applied again, nothing
behind such a decision may be written together with what is before it: a batch ends where `is_at_step` is true.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from contracts.stored_events import StoredEvents
from workers.core.analytics import Addition, Measured, Series, Totals, WindowKey, WindowSize
from workers.core.recorded import Recorded
from workers.fingerprint import fingerprint

EXPIRY_STEP_MS = 3_600_000
"""Windows end to be kept at the first event of an hour."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds_at(recorded: Recorded) -> int:
    """When the event was recorded, in milliseconds since 1970. Raises ValueError or TypeError if it is no RFC 3339."""
    return _milliseconds(datetime.fromisoformat(recorded.recorded_at))


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


class Sum(NamedTuple):
    """The sum of a field, and the sequence of the last event that touched it."""

    sequence: int
    amount: int


class Memory(NamedTuple):
    """What is remembered of a stream, since the event with this sequence."""

    sequence: int
    value: Any


class Changes(NamedTuple):
    """What has changed since the last call of `take_changes`. A memory that is None is gone; so are the windows in
    `forgotten`, which had these fields.
    """

    sums: dict[tuple[WindowKey, str], Sum]
    memories: dict[tuple[str, str], Memory | None]
    forgotten: dict[WindowKey, list[str]]


class LaneFold:
    """The windows of one lane of a context.

    `position` is the sequence of the last event; `time_ms` the latest time of an event, in milliseconds since 1970.
    `windows` has the sums by field; `memories` what is remembered, by series and stream id. `is_at_step`: with the last
    event an hour began, and windows may have been forgotten.
    """

    def __init__(self, series: Sequence[Series]) -> None:
        self.position = 0
        self.time_ms = 0
        self.is_at_step = False
        self.windows: dict[WindowKey, dict[str, Sum]] = {}
        self.memories: dict[tuple[str, str], Memory] = {}
        self._series = {declared.name: declared for declared in series}
        self._by_type: dict[type, list[Series]] = {}
        for declared in series:
            for event_type in declared.reacts_to:
                self._by_type.setdefault(event_type, []).append(declared)
        self._changes = Changes({}, {}, {})

    def apply(self, recorded: Recorded) -> Sequence[Exception]:
        """Apply the next event of the lane; what a sum has seen before does not count twice.

        A series whose code cannot measure the event passes it over. Returns what the code has raised.
        """
        try:
            at_ms = milliseconds_at(recorded)
        except (ValueError, TypeError) as error:
            self._advance(recorded.sequence, self.time_ms)
            return [error]
        errors = []
        for series in self._concerned(recorded):
            try:
                self._measure(series, recorded, at_ms)
            except Exception as error:  # noqa: BLE001  # whatever it is, the lane and the other series go on
                errors.append(error)
        self._advance(recorded.sequence, at_ms)
        return errors

    def _concerned(self, recorded: Recorded) -> Iterable[Series]:
        """The series that react to the event, or to a part of it."""
        if not recorded.more:
            return self._by_type.get(type(recorded.event), ())
        series = [declared for part in recorded.parts for declared in self._by_type.get(type(part.event), ())]
        return list({declared.name: declared for declared in series}.values())

    def pass_over(self, sequence: int, recorded_at: datetime) -> None:
        """The next event of the lane is of a type that no series reacts to: only its time counts."""
        self._advance(sequence, _milliseconds(recorded_at))

    def _measure(self, series: Series, recorded: Recorded, at_ms: int) -> None:
        key = series.name, recorded.stream_id
        sequence, value = self.memories.get(key, (0, None))
        if sequence >= recorded.sequence:
            return
        measured = _measured(series, value, recorded, at_ms)
        for (window, field), amount in self._sums_of(series, measured.additions).items():
            self._add(window, field, amount, recorded.sequence)
        if measured.memory != value:
            self._remember(key, recorded.sequence, measured.memory)

    def _sums_of(self, series: Series, additions: Sequence[Addition]) -> dict[tuple[WindowKey, str], int]:
        """What an event adds to each field of each window that is not past."""
        sums: dict[tuple[WindowKey, str], int] = {}
        for at_ms, field, amount in additions:
            for size in series.sizes:
                start = at_ms // 1000 // size.seconds * size.seconds
                window = WindowKey(series.name, size.seconds, start)
                if window in self.windows or not self._is_past(size, start):
                    sums[window, field] = sums.get((window, field), 0) + amount
        return sums

    def _add(self, window: WindowKey, field: str, amount: int, sequence: int) -> None:
        fields = self.windows.setdefault(window, {})
        before, total = fields.get(field, (0, 0))
        if before < sequence:
            fields[field] = self._changes.sums[window, field] = Sum(sequence, total + amount)

    def _remember(self, key: tuple[str, str], sequence: int, value: Any) -> None:
        if value is None:
            self.memories.pop(key, None)
            self._changes.memories[key] = None
        else:
            self.memories[key] = self._changes.memories[key] = Memory(sequence, value)

    def _advance(self, sequence: int, at_ms: int) -> None:
        self.position = sequence
        before, now = self.time_ms, max(self.time_ms, at_ms)
        self.time_ms = now
        self.is_at_step = now // EXPIRY_STEP_MS > before // EXPIRY_STEP_MS
        if self.is_at_step:
            self._forget_past()

    def _is_past(self, size: WindowSize, start: int) -> bool:
        return (start + size.seconds + size.kept_seconds) * 1000 <= self.time_ms

    def _forget_past(self) -> None:
        sizes = {(series.name, size.seconds): size for series in self._series.values() for size in series.sizes}
        for key in [key for key in self.windows if self._is_past(sizes[key.series, key.size], key.start)]:
            series = self._series[key.series]
            if key.size == series.sizes[-1].seconds and series.is_unsettled(self.totals(key)):
                continue
            # Its last sums are written all the same: without them no memory may be changed.
            self._changes.forgotten[key] = list(self.windows.pop(key))

    def totals(self, key: WindowKey) -> Totals:
        """The sums of a window by field."""
        return {field: total.amount for field, total in self.windows[key].items()}

    def sequence_of(self, key: WindowKey) -> int:
        """The sequence of the last event that touched the window."""
        return max(total.sequence for total in self.windows[key].values())

    def take_changes(self) -> Changes:
        """What has changed since the last call."""
        changes, self._changes = self._changes, Changes({}, {}, {})
        return changes


def code_of_series(context: str, series: Iterable[Series], models: StoredEvents) -> str:
    """The fingerprint of what makes the sums of events, the upcasters of the context included."""
    return fingerprint(*(declared.measure for declared in series), *models.upcasting_code(context))


def _measured(series: Series, memory: Any, recorded: Recorded, at_ms: int) -> Measured:
    """What the event adds, all its parts together."""
    if not recorded.more:
        return series.measure(memory, recorded, at_ms)
    additions: list[Addition] = []
    for part in recorded.parts:
        if type(part.event) in series.reacts_to:
            measured = series.measure(memory, part, at_ms)
            additions += measured.additions
            memory = measured.memory
    return Measured(additions, memory)


def folded(series: Sequence[Series], events: Iterable[Recorded]) -> LaneFold:
    """The windows of a lane whose events are these."""
    fold = LaneFold(series)
    for recorded in events:
        fold.apply(recorded)
    return fold


def closing(fold: LaneFold, after_ms: int, until_ms: int) -> Iterator[WindowKey]:
    """The windows that end in (`after_ms`, `until_ms`]."""
    return (key for key in fold.windows if after_ms < (key.start + key.size) * 1000 <= until_ms)
