"""The shipment of an order, and one that is called off."""

from datetime import date
from decimal import Decimal

from shipments.contracts.commands import BookShipment, CancelShipment, DeliverShipment, DispatchShipment
from shipments.contracts.events import ShipmentBooked, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched
from shipments.contracts.fields import Carrier

BOOK = BookShipment(
    shipment_id="s-1", order_id="o-1", carrier=Carrier.COURIER, pick_up_on=date(2026, 3, 1), weight=Decimal("12.5")
)
DISPATCH = DispatchShipment(shipment_id="s-1", tracking="PARCEL-0001")
DELIVER = DeliverShipment(shipment_id="s-1")
BOOK_ANOTHER = BookShipment(shipment_id="s-2", order_id="o-2", carrier=Carrier.PARCEL_POST)
CANCEL = CancelShipment(shipment_id="s-2", reason="the order is lost")

BOOKED = ShipmentBooked(
    shipment_id="s-1", order_id="o-1", carrier=Carrier.COURIER, pick_up_on=date(2026, 3, 1), weight=Decimal("12.5")
)
DISPATCHED = ShipmentDispatched(shipment_id="s-1", order_id="o-1", tracking="PARCEL-0001")
DELIVERED = ShipmentDelivered(shipment_id="s-1", order_id="o-1")
CANCELLED = ShipmentCancelled(shipment_id="s-2", order_id="o-2", reason="the order is lost")
