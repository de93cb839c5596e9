"""A stream of the orders context is one order, under the order's id."""

from contracts.fields import Identifier
from contracts.message import Message


class OrderStream(Message, context="orders", stream_field="order_id"):
    """The base of every command and event of the context."""

    order_id: Identifier
