"""The read model of shipments: where each is, with its timeline, found by its order and its carrier."""

from typing import cast

from shipments.contracts.events import ShipmentBooked, ShipmentDispatched, ShipmentEvent
from shipments.contracts.fields import KILOGRAMS
from shipments.states import AFTER
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.core.timeline import begun, begun_at, moved_on


def evolve(card: Document | None, recorded: Recorded) -> Document | None:
    event = cast(ShipmentEvent, recorded.event)
    status = AFTER[type(event)]
    if isinstance(event, ShipmentBooked):
        return begun(
            recorded,
            shipment_id=event.shipment_id,
            order_id=event.order_id,
            carrier=str(event.carrier),
            pick_up_on=None if event.pick_up_on is None else event.pick_up_on.isoformat(),
            weight=None if event.weight is None else KILOGRAMS.text(event.weight),
            tracking=None,
            status=status,
        )
    if card is None:
        return None
    if isinstance(event, ShipmentDispatched):
        return moved_on(card, recorded, status=status, tracking=event.tracking)
    return moved_on(card, recorded, status=status)


def indexes(card: Document) -> frozenset[Index]:
    at = begun_at(card)
    return frozenset({Index("order", card["order_id"], at), Index("carrier", card["carrier"], at)})


card = Projection(
    name="shipments", context="shipments", evolve=evolve, indexes=indexes, searchable=("order", "carrier")
)
