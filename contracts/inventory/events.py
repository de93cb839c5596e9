"""What the inventory context says. Every event but a receipt names its order."""

from typing import ClassVar

from contracts.fields import Identifier, Quantity, ShortText, StockQuantity
from contracts.message import Event


class StockReceived(Event):
    """Pieces have come in."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    quantity: Quantity


class StockReserved(Event):
    """Pieces are set aside for an order."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    order_id: Identifier
    quantity: StockQuantity


class StockDeclined(Event):
    """Pieces were asked for and not set aside, as fewer are available. `reason` is InsufficientStock."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    order_id: Identifier
    quantity: StockQuantity
    reason: ShortText


class StockReleased(Event):
    """What was set aside for an order is available again."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    order_id: Identifier
    quantity: StockQuantity


class StockShipped(Event):
    """What was set aside for an order has left."""

    stream_field: ClassVar[str] = "sku"

    sku: Identifier
    order_id: Identifier
    quantity: StockQuantity


InventoryEvent = StockReceived | StockReserved | StockDeclined | StockReleased | StockShipped
