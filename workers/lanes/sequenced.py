"""The events of one lane as sagas and projections read them: every sequence once, in order, none left out.

A record that has been passed is a repeat (a late record of a paused owner) and dropped. A gap is filled from the table.
A record that the table does not know is none of ours, and never applied.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from contracts.envelope import MalformedMessage, read_event, rfc3339
from contracts.message import Event
from workers import telemetry
from workers.core.recorded import Recorded
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord

FILL_BATCH_EVENTS = 1000

log = structlog.get_logger(__name__)


class EventTable(Protocol):
    """The part of the event store that fills gaps."""

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]: ...


class SequencedEvents:
    """Reads one partition of a context's log after the sequence `position`."""

    def __init__(self, role: str, context: str, partition: int, models: Mapping[str, type[Event]], table: EventTable):
        self.position = 0
        self._role = role
        self._context = context
        self._partition = partition
        self._models = models
        self._table = table

    async def read(self, records: Sequence[InboundRecord]) -> list[Recorded]:
        """The events that follow on `position`, which moves to the last of them. Raises Unavailable."""
        found: list[Recorded] = []
        for record in records:
            try:
                recorded = self._recorded(record)
            except MalformedMessage as error:
                log.error("a foreign record in the log was passed over", offset=record.offset, error=str(error))
                continue
            if recorded.sequence <= self.position:
                telemetry.REPEATS_DROPPED.labels(self._role, record.topic).inc()
                continue
            if recorded.sequence > self.position + 1:
                found += await self._fill(recorded.sequence - 1, record)
                if recorded.sequence != self.position + 1:
                    log.error("a record that the table does not know was passed over", offset=record.offset)
                    continue
            self.position = recorded.sequence
            found.append(recorded)
        return found

    async def _fill(self, until: int, record: InboundRecord) -> list[Recorded]:
        """Those events up to the sequence `until` that the log lacks, as far as the table has them."""
        filled: list[Recorded] = []
        while self.position < until:
            limit = min(FILL_BATCH_EVENTS, until - self.position)
            rows = await self._table.events_after(self._context, self._partition, self.position, limit)
            if not rows:
                break
            filled += [self._from_row(row) for row in rows]
            self.position = rows[-1].sequence
        if filled:
            telemetry.HOLES_FILLED.labels(self._role, record.topic).inc(len(filled))
            log.error("the log had a hole; filled from the table", before_offset=record.offset, events=len(filled))
        return filled

    def _recorded(self, record: InboundRecord) -> Recorded:
        envelope = read_event(record.headers, record.key)
        return Recorded(
            self._event(envelope.type, record.value or b""),
            envelope.id,
            envelope.subject,
            envelope.stream_version,
            envelope.sequence,
            envelope.time,
            envelope.correlation_id,
            envelope.actor,
            envelope.traceparent,
        )

    def _from_row(self, row: EventRow) -> Recorded:
        return Recorded(
            self._event(f"{row.context}.{row.type}.v{row.schema_version}", row.data),
            row.event_id,
            row.stream_id,
            row.stream_version,
            row.sequence,
            rfc3339(row.recorded_at),
            row.correlation_id,
            row.actor,
            row.traceparent,
        )

    def _event(self, wire_type: str, value: bytes) -> Event:
        model = self._models.get(wire_type)
        if model is None:
            raise MalformedMessage("UnknownType", f"{wire_type} is not an event of this installation")
        try:
            event: Event = model.__pydantic_validator__.validate_json(value)
        except ValueError as error:
            raise MalformedMessage("NotAnEvent", f"the fields of {wire_type} are wrong") from error
        return event
