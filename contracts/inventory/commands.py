"""The commands of the inventory context. The stream is one SKU."""

from contracts.fields import Identifier, Quantity, StockQuantity
from contracts.inventory.stream import StockStream
from contracts.message import Command


class ReceiveStock(Command, StockStream):
    """Note that pieces have come in."""

    quantity: Quantity


class ReserveStock(Command, StockStream):
    """Set pieces aside for an order, or decline; quiet when exactly so many are reserved already. Rejections:
    ReservationDiffers.
    """

    order_id: Identifier
    quantity: StockQuantity


class ReleaseStock(Command, StockStream):
    """Give up what is reserved for an order. Rejections: ReservationNotFound."""

    order_id: Identifier


class ShipStock(Command, StockStream):
    """Note that the pieces reserved for an order have left. Rejections: ReservationNotFound."""

    order_id: Identifier


InventoryCommand = ReceiveStock | ReserveStock | ReleaseStock | ShipStock
