"""The events of the inventory context. Every event but a receipt names its order."""

from contracts.fields import Identifier, Quantity, ShortText, StockQuantity
from contracts.inventory.stream import StockStream
from contracts.message import Event


class StockReceived(Event, StockStream):
    """Pieces have come in."""

    quantity: Quantity


class StockReserved(Event, StockStream):
    """Pieces are set aside for an order."""

    order_id: Identifier
    quantity: StockQuantity


class StockDeclined(Event, StockStream):
    """Pieces were asked for and not set aside, as fewer are available. `reason` is InsufficientStock."""

    order_id: Identifier
    quantity: StockQuantity
    reason: ShortText


class StockReleased(Event, StockStream):
    """What was set aside for an order is available again."""

    order_id: Identifier
    quantity: StockQuantity


class StockShipped(Event, StockStream):
    """What was set aside for an order has left."""

    order_id: Identifier
    quantity: StockQuantity


InventoryEvent = StockReceived | StockReserved | StockDeclined | StockReleased | StockShipped
