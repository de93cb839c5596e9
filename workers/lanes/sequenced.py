"""The events of one lane as sagas and projections read them: every sequence once, in order, none left out.

A record that has been passed is a repeat (a late record of a paused owner) and dropped. A gap is filled from the table,
and a record ahead of what the table knows is passed over. Where the log stays silent about what the table has (its
broker has lost its end, or nobody is there to publish), the table is read. What cannot be told is a forged record that
carries the very next sequence: only Annals may be allowed to write to the log.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

import structlog

from contracts.envelope import MalformedMessage, read_event, rfc3339
from contracts.message import Event
from workers import telemetry
from workers.core.recorded import Recorded
from workers.ports.event_store import EventRow, EventTable
from workers.ports.log import InboundRecord
from workers.ports.parked import ParkedStream, ParkedStreamRequest

FILL_BATCH_EVENTS = 1000
# Of the looks at an idle lane, about one a second, every which compares with the table.
IDLE_LOOKS = 10

log = structlog.get_logger(__name__)


class Stretch(NamedTuple):
    """Events that follow one another, and the offset from which to read on once they are applied."""

    events: Sequence[Recorded]
    next_offset: int


class SequencedEvents:
    """Reads one partition of a context's log after the sequence `position`."""

    def __init__(self, role: str, context: str, partition: int, models: Mapping[str, type[Event]], table: EventTable):
        self.position = 0
        self._role = role
        self._context = context
        self._partition = partition
        self._models = {name: model for name, model in models.items() if model.context == context}
        self._table = table
        self._idle_looks = 0
        self._missed_since: int | None = None

    async def read(self, records: Sequence[InboundRecord]) -> AsyncIterator[Stretch]:
        """The events that follow on `position`, which moves to the last of them. Raises Unavailable.

        One stretch, perhaps an empty one, that ends behind the records; before it others, where a gap is filled: a
        gap may be as long as the whole log, a stretch has at most `FILL_BATCH_EVENTS` events or as many as records.
        """
        found: list[Recorded] = []
        for record in records:
            try:
                recorded = self._recorded(record)
            except MalformedMessage as error:
                log.error("a foreign record in the log was passed over", offset=record.offset, error=str(error))
                continue
            if recorded.sequence > self.position + 1:
                if found:
                    yield Stretch(found, record.offset)
                    found = []
                async for filled in self._fill(recorded.sequence - 1, record):
                    yield Stretch(filled, record.offset)
            if recorded.sequence <= self.position:
                telemetry.REPEATS_DROPPED.labels(self._role, record.topic).inc()
            elif recorded.sequence > self.position + 1:
                log.error("a record that the table does not know was passed over", offset=record.offset)
            else:
                self.position = recorded.sequence
                found.append(recorded)
        if records:
            yield Stretch(found, records[-1].offset + 1)

    async def _fill(self, until: int, record: InboundRecord) -> AsyncIterator[list[Recorded]]:
        """Those events up to the sequence `until` that the log lacks, as far as the table has them."""
        while self.position < until:
            limit = min(FILL_BATCH_EVENTS, until - self.position)
            rows = await self._table.events_after(self._context, self._partition, self.position, limit)
            if not rows:
                return
            self.position = rows[-1].sequence
            telemetry.HOLES_FILLED.labels(self._role, record.topic).inc(len(rows))
            log.error("the log had a hole; filled from the table", before_offset=record.offset, events=len(rows))
            yield [recorded_row(row, self._models) for row in rows]

    async def unpublished(self) -> list[Recorded]:
        """To be called with each idle look: events that the table has had for a while and the log has not brought.

        As a rule none. They come in order, `FILL_BATCH_EVENTS` at most; `position` moves to the last of them. Should
        the log bring them after all, they are repeats. Raises Unavailable.
        """
        self._idle_looks += 1
        if self._idle_looks % IDLE_LOOKS:
            return []
        rows = await self._table.events_after(self._context, self._partition, self.position, FILL_BATCH_EVENTS)
        if not rows or self._missed_since != self.position:
            # What is there now and still is at the next comparison, the log does not bring: no clock is asked.
            self._missed_since = self.position if rows else None
            return []
        self.position = self._missed_since = rows[-1].sequence
        if len(rows) == FILL_BATCH_EVENTS:
            self._idle_looks = -1  # there is more of it: go on with the next look
        telemetry.HOLES_FILLED.labels(self._role, f"{self._context}.events").inc(len(rows))
        place = {"context": self._context, "partition": self._partition, "events": len(rows)}
        log.error("the log does not bring what the table has; read from the table", **place)
        return [recorded_row(row, self._models) for row in rows]

    def _recorded(self, record: InboundRecord) -> Recorded:
        envelope = read_event(record.headers, record.key)
        return Recorded(
            event_of(envelope.type, record.value or b"", self._models),
            envelope.id,
            envelope.subject,
            envelope.stream_version,
            envelope.sequence,
            envelope.time,
            envelope.correlation_id,
            envelope.actor,
            envelope.traceparent,
        )


async def waiting_events(
    table: EventTable,
    context: str,
    parked: ParkedStream,
    request: ParkedStreamRequest,
    models: Mapping[str, type[Event]],
    until_sequence: int,
) -> list[Recorded]:
    """The events of a parked stream that its lane, which stands at `until_sequence`, has passed without applying them:
    all of them, or without the first when the request is to skip it. Raises Unavailable.
    """
    found: list[Recorded] = []
    version = parked.stream_version if request.action == "skip" else parked.stream_version - 1
    while rows := await table.stream_after(context, parked.stream_id, version, FILL_BATCH_EVENTS):
        found += [recorded_row(row, models) for row in rows if row.sequence <= until_sequence]
        version = rows[-1].stream_version
        if rows[-1].sequence > until_sequence:
            break
    return found


def recorded_row(row: EventRow, models: Mapping[str, type[Event]]) -> Recorded:
    """A row of the table as projections and sagas read it."""
    return Recorded(
        event_of(f"{row.context}.{row.type}.v{row.schema_version}", row.data, models),
        row.event_id,
        row.stream_id,
        row.stream_version,
        row.sequence,
        rfc3339(row.recorded_at),
        row.correlation_id,
        row.actor,
        row.traceparent,
    )


def event_of(wire_type: str, value: bytes, models: Mapping[str, type[Event]]) -> Event:
    """An event of its JSON. Raises MalformedMessage when it is none that these models know."""
    model = models.get(wire_type)
    if model is None:
        raise MalformedMessage("UnknownType", f"{wire_type} is not an event of this installation")
    try:
        event: Event = model.__pydantic_validator__.validate_json(value)
    except ValueError as error:
        raise MalformedMessage("NotAnEvent", f"the fields of {wire_type} are wrong") from error
    return event
