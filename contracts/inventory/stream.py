"""A stream of the inventory context is the stock of one SKU, under the SKU."""

from contracts.fields import Identifier
from contracts.message import Message


class StockStream(Message, context="inventory", stream_field="sku"):
    """The base of every command and event of the context."""

    sku: Identifier
