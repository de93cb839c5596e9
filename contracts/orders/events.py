"""What the orders context says. Every event names the user, so that it can be understood without the others."""

from typing import ClassVar

from contracts.fields import Identifier, ShortText
from contracts.message import Event
from contracts.money import Amount, Currency
from contracts.orders.lines import DeadlineSeconds, OrderLines


class OrderPlaced(Event):
    """An order waits for its confirmation. `total` is the sum of quantity times unit price over the lines."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    user_id: Identifier
    lines: OrderLines
    currency: Currency
    total: Amount
    confirm_within_seconds: DeadlineSeconds | None = None


class OrderConfirmed(Event):
    """Money and stock are reserved; the order will be paid and shipped."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    user_id: Identifier


class OrderCancelled(Event):
    """The order will not be carried out, and why."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    user_id: Identifier
    reason: ShortText | None = None


class OrderShipped(Event):
    """The goods are on their way."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    user_id: Identifier
    tracking: ShortText | None = None


class OrderDelivered(Event):
    """The customer has the goods. The stream ends here."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    user_id: Identifier


OrderEvent = OrderPlaced | OrderConfirmed | OrderCancelled | OrderShipped | OrderDelivered
