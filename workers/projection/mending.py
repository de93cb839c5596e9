"""A parked stream's second chance: its waiting events, read from the table, folded on the document as it stands."""

from collections.abc import Mapping

from contracts.message import Event
from workers.core.projection import Document, Projection
from workers.lanes.sequenced import waiting_events
from workers.parking import tried_again
from workers.ports.event_store import EventTable
from workers.ports.parked import ParkedStream, Wish
from workers.projection.folding import Folded, fold


async def mended(
    projection: Projection,
    parked: ParkedStream,
    wish: Wish,
    stored: Mapping[str, Document],
    table: EventTable,
    models: Mapping[str, type[Event]],
    until_sequence: int,
) -> Folded:
    """What to write so that the stream has come as far as its lane, which stands at `until_sequence`.

    When an event cannot be taken again, the stream waits on from there. Raises Unavailable.
    """
    events = await waiting_events(table, projection.context, parked, wish, models, until_sequence)
    folded = fold(projection, events, stored)
    return folded._replace(parked=tried_again(parked, folded.parked))
