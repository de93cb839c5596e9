"""What may be asked of the inventory context. The stream is one SKU."""

from typing import ClassVar

from contracts.fields import Identifier, Quantity, StockQuantity
from contracts.message import Command


class ReceiveStock(Command):
    """Note that pieces have come in."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    quantity: Quantity


class ReserveStock(Command):
    """Set pieces aside for an order, or decline; quiet when exactly so many are reserved already. Rejection:
    ReservationDiffers.
    """

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    order_id: Identifier
    quantity: StockQuantity


class ReleaseStock(Command):
    """Give up what is reserved for an order. Rejection: ReservationNotFound."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    order_id: Identifier


class ShipStock(Command):
    """Note that the pieces reserved for an order have left. Rejection: ReservationNotFound."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    order_id: Identifier


InventoryCommand = ReceiveStock | ReserveStock | ReleaseStock | ShipStock
