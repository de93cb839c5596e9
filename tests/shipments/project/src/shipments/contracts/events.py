"""What the context shipments says. Every event names the order, so that it can be understood without the others."""

from datetime import date

from contracts.fields import Identifier, ShortText
from contracts.message import Event
from shipments.contracts.fields import Carrier, Weight
from shipments.contracts.stream import ShipmentStream


class ShipmentBooked(Event, ShipmentStream):
    """A carrier will come for it."""

    order_id: Identifier
    carrier: Carrier
    pick_up_on: date | None = None
    weight: Weight | None = None


class ShipmentDispatched(Event, ShipmentStream):
    """It is on its way."""

    order_id: Identifier
    tracking: ShortText | None = None


class ShipmentDelivered(Event, ShipmentStream):
    """The customer has it."""

    order_id: Identifier


class ShipmentCancelled(Event, ShipmentStream):
    """Nobody will come for it."""

    order_id: Identifier
    reason: ShortText | None = None


ShipmentEvent = ShipmentBooked | ShipmentDispatched | ShipmentDelivered | ShipmentCancelled
