"""The read model of shipments: where each is, with its timeline, found by its order and its carrier."""

from datetime import date
from typing import cast

from pydantic import BaseModel

from shipments.contracts.events import ShipmentBooked, ShipmentDispatched, ShipmentEvent
from shipments.contracts.fields import KILOGRAMS, Carrier, Weight
from shipments.states import AFTER, Status
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.core.timeline import TimelineStep, begun, begun_at, moved_on


class ShipmentCard(BaseModel):
    """A shipment as queries show it. `tracking` is the carrier's number, once it is under way."""

    shipment_id: str
    order_id: str
    carrier: Carrier
    pick_up_on: date | None
    weight: Weight | None
    tracking: str | None
    status: Status
    timeline: list[TimelineStep]
    version: int


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
    name="shipments",
    context="shipments",
    evolve=evolve,
    indexes=indexes,
    searchable=("order", "carrier"),
    model=ShipmentCard,
)
