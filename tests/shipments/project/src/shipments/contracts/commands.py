"""What may be asked of the context shipments."""

from datetime import date

from contracts.fields import Identifier, ShortText
from contracts.message import Command
from shipments.contracts.fields import Carrier, Weight
from shipments.contracts.stream import ShipmentStream


class BookShipment(Command, ShipmentStream):
    """Book a carrier for an order; quiet when it is booked so. Rejections: ShipmentAlreadyExists."""

    order_id: Identifier
    carrier: Carrier
    pick_up_on: date | None = None
    weight: Weight | None = None


class DispatchShipment(Command, ShipmentStream):
    """The carrier has it. Rejections: ShipmentNotFound, InvalidTransition."""

    tracking: ShortText | None = None


class DeliverShipment(Command, ShipmentStream):
    """The customer has it. Rejections: ShipmentNotFound, InvalidTransition."""


class CancelShipment(Command, ShipmentStream):
    """Call the carrier off before it has come. Rejections: ShipmentNotFound, InvalidTransition."""

    reason: ShortText | None = None


ShipmentCommand = BookShipment | DispatchShipment | DeliverShipment | CancelShipment
