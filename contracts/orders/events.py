"""The events of the orders context. Every event names the user, so that it can be understood without the others."""

from contracts.fields import Identifier, ShortText
from contracts.message import Event
from contracts.money import Amount, Currency
from contracts.orders.lines import DeadlineSeconds, OrderLines
from contracts.orders.stream import OrderStream


class OrderPlaced(Event, OrderStream):
    """An order waits for its confirmation. `total` is the sum of quantity times unit price over the lines."""

    user_id: Identifier
    lines: OrderLines
    currency: Currency
    total: Amount
    confirm_within_seconds: DeadlineSeconds | None = None


class OrderConfirmed(Event, OrderStream):
    """Money and stock are reserved; the order will be paid and shipped."""

    user_id: Identifier


class OrderCancelled(Event, OrderStream):
    """The order will not be carried out, and why."""

    user_id: Identifier
    reason: ShortText | None = None


class OrderShipped(Event, OrderStream):
    """The goods are on their way."""

    user_id: Identifier
    tracking: ShortText | None = None


class OrderDelivered(Event, OrderStream):
    """The customer has the goods. The stream ends here."""

    user_id: Identifier


OrderEvent = OrderPlaced | OrderConfirmed | OrderCancelled | OrderShipped | OrderDelivered
