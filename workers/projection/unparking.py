"""Retry or skip of a parked stream: its waiting events, read from the table, are applied to its document."""

from collections.abc import Mapping

from contracts.stored_events import StoredEvents
from workers.core.projection import Document, Projection
from workers.lanes.waiting_events import waiting_events
from workers.parking import tried_again
from workers.ports.event_store import EventTable
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.projection.folding import Folded, fold


async def unpark(
    projection: Projection,
    parked: ParkedStream,
    request: ParkedStreamRequest,
    stored: Mapping[str, Document],
    table: EventTable,
    models: StoredEvents,
    until_sequence: int,
) -> Folded:
    """Return what to write so that the stream catches up with its lane, which has applied `until_sequence`.

    If the code fails on an event again, the result parks the stream at that event. Raises Unavailable.
    """
    events = await waiting_events(table, projection.context, parked, request, models, until_sequence)
    folded = fold(projection, events, stored)
    return folded._replace(parked=tried_again(parked, folded.parked))
