"""The events of a parked stream: those that wait until its first one can be applied."""

from contracts.envelope import MalformedMessage
from contracts.stored_events import StoredEvents
from workers.core.recorded import Recorded
from workers.lanes.recorded_rows import recorded_row
from workers.lanes.sequenced import FILL_BATCH_EVENTS
from workers.ports.event_store import EventTable
from workers.ports.parked import ParkedStream, ParkedStreamRequest


async def waiting_events(
    table: EventTable,
    context: str,
    parked: ParkedStream,
    request: ParkedStreamRequest,
    models: StoredEvents,
    until_sequence: int,
) -> list[Recorded]:
    """The events of a parked stream that its lane, which stands at `until_sequence`, has passed without applying them,
    in order; without the first one if the request is to skip it. Raises Unavailable.
    """
    events: list[Recorded] = []
    version = parked.stream_version if request.action == "skip" else parked.stream_version - 1
    while rows := await table.stream_after(context, parked.stream_id, version, FILL_BATCH_EVENTS):
        events += [recorded_row(row, models) for row in rows if row.sequence <= until_sequence]
        version = rows[-1].stream_version
        if rows[-1].sequence > until_sequence:
            break
    return events


async def parked_event(table: EventTable, context: str, parked: ParkedStream, models: StoredEvents) -> list[Recorded]:
    """The event at which a stream is parked; none if it cannot be read. Raises Unavailable."""
    rows = await table.stream_after(context, parked.stream_id, parked.stream_version - 1, 1)
    try:
        return [recorded_row(row, models) for row in rows]
    except MalformedMessage:
        return []
