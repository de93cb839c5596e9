"""The events of one lane as sagas and projections read them: every sequence once, in order, none left out.

A paused worker may append a duplicate; it is dropped by its sequence. A gap in the log is filled from the event table.
A record with a sequence that the table does not have yet is skipped. If the log does not bring what the table has (the
broker has lost the end of the partition, or no worker publishes), the table is read instead.

A record that is not signed is not believed: whoever may write to the log may have forged it, with exactly the next
sequence. It may as well be one that an earlier release has written, so the table is read in its place. A saga lane also
compares what it acts on with the table as it commits, as those who may read the log have the key.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import structlog

from contracts.envelope import EventEnvelope, MalformedMessage, read_event
from contracts.signatures import HEADER
from contracts.stated_sequence import stated_sequence
from contracts.stored_events import UPCASTER_FAILED, NewerRelease, StoredEvents
from workers import telemetry
from workers.core.recorded import Recorded
from workers.lanes.recorded_rows import recorded_of, recorded_row
from workers.ports.event_store import EventTable
from workers.ports.log import InboundRecord

FILL_BATCH_EVENTS = 1000
# An idle lane is looked at about once a second; every tenth time it is compared with the table.
IDLE_LOOKS = 10

EVENT_HEADERS = tuple(name for name, _ in EventEnvelope("", "", "", "", "", "", "", 0, 0).to_headers())
"""The names of the headers that every event has, in the order in which Annals writes them."""
OPTIONAL_HEADERS = {"traceparent", "ce_actor", HEADER}
"""Those that may follow."""

log = structlog.get_logger(__name__)


class Stretch(NamedTuple):
    """Consecutive events, and the offset from which to read on once they are applied. `values` are the JSON of each as
    the log has it; empty: they were read from the table.
    """

    events: Sequence[Recorded]
    next_offset: int
    values: Sequence[bytes] = ()


class SequencedEvents:
    """Reads one partition of a context's log after the sequence `position`, which moves on with each read."""

    def __init__(self, role: str, context: str, partition: int, models: StoredEvents, table: EventTable):
        self.position = 0
        self._role = role
        self._context = context
        self._partition = partition
        self._models = models.of(context)
        # By the bytes of the header, so that it need not be decoded.
        self._validators = {name.encode(): validate for name, validate in self._models.present.items()}
        self._table = table
        self._idle_looks = 0
        self._missed_since: int | None = None

    async def read(self, records: Sequence[InboundRecord]) -> AsyncIterator[Stretch]:
        """The events after `position`, which moves to the last of them. Raises Unavailable.

        The last stretch, which may be empty, ends after the last record. More stretches precede it if gaps are filled:
        a gap may be as long as the whole log, while a stretch has at most `FILL_BATCH_EVENTS` events, or as many as
        there are records.
        """
        events, values = list[Recorded](), list[bytes]()
        exhausted_at = -1  # the table had nothing behind it
        for place, record in enumerate(records):
            recorded = self._recorded_if_one(record)
            if recorded is None:
                continue
            until = recorded.sequence - 1 if record.is_signed else recorded.sequence
            if until > self.position and self.position != exhausted_at:
                if events:
                    yield Stretch(events, record.offset, values)
                    events, values = [], []
                # Where one record is not signed, those behind it are probably not signed either.
                async for filled in self._fill(until, record, 1 if record.is_signed else len(records) - place):
                    yield Stretch(filled, record.offset)
                if until > self.position:
                    exhausted_at = self.position
            if recorded.sequence <= self.position:
                telemetry.REPEATS_DROPPED.labels(self._role, record.topic).inc()
            elif not record.is_signed or recorded.sequence > self.position + 1:
                log.error("a record that the table does not have was skipped", offset=record.offset)
            else:
                self.position = recorded.sequence
                events.append(recorded)
                values.append(record.value or b"")
        if records:
            yield Stretch(events, records[-1].offset + 1, values)

    async def _fill(self, until: int, record: InboundRecord, at_once: int) -> AsyncIterator[list[Recorded]]:
        """The events up to the sequence `until` that the log lacks or that are not signed, as far as the table has
        them. `at_once`: of so many the table is asked even if they are fewer.
        """
        async for events in self.from_table(self.position, until, at_once):
            telemetry.LOG_GAPS_FILLED.labels(self._role, record.topic).inc(len(events))
            if record.is_signed:
                log.error("a gap in the log was filled from the table", before_offset=record.offset, events=len(events))
            else:
                what = "records without a signature were read from the table"
                log.warning(what, offset=record.offset, events=len(events))
            yield events

    async def from_table(self, after: int, until: int, at_once: int = 1) -> AsyncIterator[list[Recorded]]:
        """The events after the sequence `after` up to `until`, as far as the table has them, in pages. `position` moves
        to `after`, and then to the last of them. At least `at_once` are asked for. Raises Unavailable.
        """
        self.position = after
        while self.position < until:
            limit = min(FILL_BATCH_EVENTS, max(at_once, until - self.position))
            if not (rows := await self._table.events_after(self._context, self._partition, self.position, limit)):
                return
            self.position = rows[-1].sequence
            yield [recorded_row(row, self._models) for row in rows]

    async def unpublished(self) -> list[Recorded]:
        """The events that the table has had for a while and the log has not brought; call it with each idle look.

        Usually there are none. They are in order, at most `FILL_BATCH_EVENTS`, and `position` moves to the last of
        them. If the log brings them later, they are dropped as repeats. Raises Unavailable.
        """
        self._idle_looks += 1
        if self._idle_looks % IDLE_LOOKS:
            return []
        rows = await self._table.events_after(self._context, self._partition, self.position, FILL_BATCH_EVENTS)
        if not rows or self._missed_since != self.position:
            # Events that are unread now and still at the next comparison are those that the log does not bring.
            self._missed_since = self.position if rows else None
            return []
        self.position = self._missed_since = rows[-1].sequence
        if len(rows) == FILL_BATCH_EVENTS:
            self._idle_looks = -1  # there are more: continue with the next look
        telemetry.LOG_GAPS_FILLED.labels(self._role, f"{self._context}.events").inc(len(rows))
        log.error(
            "the log does not bring events that the table has; they were read from the table",
            context=self._context,
            partition=self._partition,
            events=len(rows),
        )
        return [recorded_row(row, self._models) for row in rows]

    def _recorded_if_one(self, record: InboundRecord) -> Recorded | None:
        if not record.is_signed:
            telemetry.UNSIGNED_RECORDS.labels(self._role, record.topic).inc()
        try:
            return self._recorded(record)
        except NewerRelease:
            if stated_sequence(record.headers) > self.position:
                raise
            telemetry.REPEATS_DROPPED.labels(self._role, record.topic).inc()
            return None
        except MalformedMessage as error:
            if error.reason == UPCASTER_FAILED and record.is_signed:
                raise
            telemetry.FOREIGN_RECORDS.labels(self._role, record.topic).inc()
            reason = str(error) if record.unreadable is None else record.unreadable.explanation
            place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            log.error("a foreign record in the log was skipped", error=reason, **place)
            return None

    def _recorded(self, record: InboundRecord) -> Recorded:
        """The event of a record. Raises MalformedMessage.

        Annals writes the same headers in the same order with every event: to compare their names is faster than to hash
        them, and only what `Recorded` has is decoded: so the values of ce_source and ce_causationid are not looked at.
        Whatever is not as expected is read once more the long way, which decides.
        """
        headers, key = record.headers, record.key
        others = dict(headers[len(EVENT_HEADERS) :])
        if len(headers) < len(EVENT_HEADERS) or not others.keys() <= OPTIONAL_HEADERS:
            return self._recorded_by_envelope(record)
        (
            (n1, _),
            (n2, identity),
            (n3, wire_type),
            (n4, _),
            (n5, subject),
            (n6, time),
            (n7, _),
            (n8, correlation),
            (n9, _),
            (n10, version),
            (n11, sequence),
        ) = headers[: len(EVENT_HEADERS)]
        validate = self._validators.get(wire_type)
        if (n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11) != EVENT_HEADERS or validate is None:
            return self._recorded_by_envelope(record)
        try:
            return Recorded(
                validate(record.value or b""),
                identity.decode(),
                (subject if key is None else key).decode(),
                int(version),
                int(sequence),
                time.decode(),
                correlation.decode(),
                others["ce_actor"].decode() if "ce_actor" in others else None,
                others["traceparent"].decode() if "traceparent" in others else None,
            )
        except (ValueError, AttributeError, TypeError):
            return self._recorded_by_envelope(record)

    def _recorded_by_envelope(self, record: InboundRecord) -> Recorded:
        envelope = read_event(record.headers, record.key)
        if not record.is_signed and envelope.type not in self._models.models:
            # Whoever may write to the log may have made up the type. The table knows.
            raise MalformedMessage("UnknownType", f"{envelope.type} is not an event of this installation")
        return recorded_of(
            envelope.type,
            record.value or b"",
            self._models,
            envelope.id,
            envelope.subject,
            envelope.stream_version,
            envelope.sequence,
            envelope.time,
            envelope.correlation_id,
            envelope.actor,
            envelope.traceparent,
        )
