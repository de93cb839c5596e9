"""One lane of analytics: the events of one partition of one context, folded into windows.

What is applied is written to the table before the records count as read, so a crash loses nothing; what is applied
again is dropped by its sequence, so nothing counts twice (fold.py). The events come from the log if it is signed, and
from the event table where it is not or has gaps (lanes/sequenced.py). A lane without a position begins with its first
event; so does one that other code has folded.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog

from contracts.stored_events import StoredEvents
from workers.analytics import entries
from workers.analytics.entries import Position
from workers.analytics.fold import LaneFold, closing, code_of_series
from workers.analytics.metrics import APPLIED, FAILED
from workers.analytics.records import position_record, removed_window, window_record
from workers.core.analytics import Series, Totals, WindowKey
from workers.core.recorded import Recorded
from workers.lanes.sequenced import SequencedEvents
from workers.ports.analytics import AnalyticsTable, WindowTopic
from workers.ports.event_store import EventTable
from workers.ports.log import InboundRecord, OutboundRecord

ROLE = "analytics"
MINUTE_MS = 60_000
LATE_MS = MINUTE_MS
"""A transaction that began before a window's end may be committed so much later: then the window closes."""

log = structlog.get_logger(__name__)


class TopicIds(NamedTuple):
    """The ids of the topics that the table and the windows are in; empty: unknown."""

    table: str = ""
    windows: str = ""


NO_IDS = TopicIds()


class AnalyticsLane:
    """The lane of one partition of a context. Its methods are called one at a time."""

    def __init__(
        self,
        context: str,
        partition: int,
        series: Sequence[Series],
        models: StoredEvents,
        events: EventTable,
        table: AnalyticsTable,
        windows: WindowTopic,
        topic_ids: TopicIds = NO_IDS,
    ) -> None:
        self.context, self.partition = context, partition
        self._series, self._table, self._windows = series, table, windows
        self._events = SequencedEvents(ROLE, context, partition, models, events)
        self._code = code_of_series(context, series, models)
        self._fold = LaneFold(series)
        self._build = 0
        self._topic_ids = topic_ids
        self._published = entries.Published(0, 0, 0, "")
        self._touched: set[WindowKey] = set()
        self._removed: set[WindowKey] = set()
        self._gone: dict[str, None] = {}
        self._perhaps_published: set[WindowKey] = set()
        self._closed_until_ms = 0
        self.moved_at = time.monotonic()
        """When something was written last, by the process's clock."""

    @property
    def position(self) -> int:
        """The sequence of the last event that was applied and written."""
        return self._fold.position

    @property
    def closed_until_ms(self) -> int:
        """The time up to which the ends of windows were published, in milliseconds since 1970."""
        return self._closed_until_ms

    @property
    def windows(self) -> Mapping[WindowKey, Totals]:
        """The sums of all windows of the lane."""
        return {key: self._fold.totals(key) for key in self._fold.windows}

    async def acquire(self, now_seconds: int) -> None:
        """Continue where the table says, or begin with the first event: for other code, or a table whose topic was made
        anew. `now_seconds`: the database's time since 1970. Raises PublishFailed.
        """
        stored = self._table.entries(entries.prefix_of(self.context))
        position = entries.position_in(self.context, stored)
        if position is not None and (position.code, position.topic_id) == (self._code, self._topic_ids.table):
            self._build = position.build
        else:
            position, self._build = None, max(entries.last_build(stored) + 1, now_seconds)
            if stored:
                log.warning("the windows of a lane are built again", context=self.context, partition=self.partition)
        gone = entries.restore(self._fold, self.context, stored, position)
        self._gone = dict.fromkeys(gone)
        self._removed = entries.windows_in(self.context, gone) - self._fold.windows.keys()
        self._perhaps_published = set(self._fold.windows) | self._removed
        self._events.position = self._fold.position
        self._published = entries.published_in(self.context, stored, self._build, self._topic_ids.windows)
        self._closed_until_ms = self._published.closed_until_ms
        self._touched = {key for key in self._fold.windows if self._fold.sequence_of(key) > self._published.sequence}

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        """Apply the events of records that follow one another. Raises Unavailable and PublishFailed."""
        async for stretch in self._events.read(records):
            await self._apply(stretch.events)

    async def catch_up(self) -> None:
        """Apply the events that the event table has and the log has not brought. Raises as `handle`."""
        async for events in self._events.from_table(self._fold.position, sys.maxsize):
            await self._apply(events)

    async def _apply(self, events: Sequence[Recorded]) -> None:
        if not events:
            return
        for recorded in events:
            for error in self._fold.apply(recorded):
                FAILED.labels(self.context).inc()
                log.error(
                    "an event was passed over, as the code of a series cannot measure it",
                    context=self.context,
                    event_id=recorded.event_id,
                    exc_info=error,
                )
            if self._fold.is_at_step:
                await self._write()
        await self._write()
        APPLIED.labels(self.context).inc(len(events))

    async def _write(self) -> None:
        """Write what has changed. The entries of a forgotten window that the topic may have stay until it is removed
        there: so a crash in between leaves no window in the topic.
        """
        changes = self._fold.take_changes()
        position = Position(self._build, self._fold.position, self._fold.time_ms, self._code, self._topic_ids.table)
        written = list(entries.written(self.context, self._build, changes, position))
        for key, _ in written:
            self._gone.pop(key, None)
        for window, fields in changes.forgotten.items():
            keys = entries.keys_of(self.context, window, fields)
            if window in self._perhaps_published:
                self._removed.add(window)
                self._gone |= dict.fromkeys(keys)
            else:
                written += [(key, None) for key in keys]
        await self._table.write(written)
        self.moved_at = time.monotonic()
        self._touched |= {window for window, _ in changes.sums}
        self._touched -= changes.forgotten.keys()

    async def publish(self, quiet_since_ms: int | None) -> None:
        """Publish what has changed since the last call. `quiet_since_ms`: the database's time, if the lane had nothing
        to apply then. Raises PublishFailed.
        """
        seen_until = max(quiet_since_ms or 0, self._fold.time_ms) - LATE_MS
        closed_until = max(self._closed_until_ms, seen_until // MINUTE_MS * MINUTE_MS)
        closed = set(closing(self._fold, self._closed_until_ms, closed_until))
        is_news = self._touched or self._removed or self._gone or closed
        if not is_news and self._published.sequence == self._fold.position:
            self._closed_until_ms = closed_until
            return
        records: list[OutboundRecord] = [removed_window(self.context, key) for key in sorted(self._removed)]
        records += [self._record(key, closed_until) for key in sorted(self._touched | closed)]
        records.append(position_record(self.context, self.partition, self._build, self._fold, self._code))
        self._perhaps_published |= self._touched | closed
        await self._windows.publish(records)
        self._published = self._published._replace(sequence=self._fold.position, closed_until_ms=closed_until)
        published = entries.published_entry(self.context, self._published)
        await self._table.write([*((key, None) for key in self._gone), published])
        self._closed_until_ms = closed_until
        self._perhaps_published -= self._removed - self._fold.windows.keys()
        self._touched, self._removed, self._gone = set(), set(), {}

    def _record(self, key: WindowKey, closed_until_ms: int) -> OutboundRecord:
        series = next(declared for declared in self._series if declared.name == key.series)
        is_closed = (key.start + key.size) * 1000 <= closed_until_ms
        return window_record(series, self.partition, self._build, self._fold, key, is_closed=is_closed)
