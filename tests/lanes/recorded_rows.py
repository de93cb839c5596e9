"""Events as the table and the log have them, made from plain events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from contracts.message import Event
from workers.command.records import event_record
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord

FIRST_SECOND = datetime(2026, 1, 1, tzinfo=UTC)
TOPIC = "users.events"


def event_rows(*events: Event) -> list[EventRow]:
    """The rows of one lane whose events these are: sequences from 1, each stream's versions from 1, a second apart."""
    versions: dict[str, int] = {}
    rows = []
    for sequence, event in enumerate(events, start=1):
        version = versions[event.stream_id] = versions.get(event.stream_id, 0) + 1
        rows.append(
            EventRow(
                context=event.context,
                partition=0,
                sequence=sequence,
                stream_id=event.stream_id,
                stream_version=version,
                event_id=f"00000000-0000-5000-8000-{sequence:012d}",
                type=event.name,
                schema_version=event.schema_version,
                data=event.to_json(),
                command_id=f"00000000-0000-7000-8000-{sequence:012d}",
                correlation_id=f"correlation of {event.stream_id}",
                causation_id=f"00000000-0000-7000-8000-{sequence:012d}",
                actor="tester",
                traceparent=None,
                recorded_at=FIRST_SECOND + timedelta(seconds=sequence),
            )
        )
    return rows


def inbound(row: EventRow, offset: int) -> InboundRecord:
    """The row's record as a consumer of the log reads it at an offset, signed."""
    record = event_record(row)
    return InboundRecord(TOPIC, row.partition, offset, record.key, record.value, record.headers, 0, is_signed=True)


def inbound_all(rows: Sequence[EventRow]) -> list[InboundRecord]:
    """A log that holds these rows and nothing else."""
    return [inbound(row, offset) for offset, row in enumerate(rows)]


class RowsInMemory:
    """`EventTable` in memory; counts how often it was asked."""

    def __init__(self, rows: Sequence[EventRow]) -> None:
        self.rows = list(rows)
        self.asked = 0

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        self.asked += 1
        wanted = [
            row for row in self.rows if (row.context, row.partition) == (context, partition) and row.sequence > sequence
        ]
        return wanted[:limit]

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        wanted = [
            row
            for row in self.rows
            if (row.context, row.stream_id) == (context, stream_id) and row.stream_version > version
        ]
        return wanted[:limit]

    async def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        rows = await self.events_after(context, partition, after, until - after)
        return [row.stream_id for row in rows if row.stream_version == 1 and row.sequence <= until]

    async def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        return [row for stream_id in stream_ids for row in await self.stream_after(context, stream_id, 0, limit)]
