"""What may be asked of the orders context. An order's states and what is allowed in each: README.md.

Nobody says what an order costs in all: the total is computed from its lines.
"""

from typing import ClassVar

from contracts.fields import Identifier, ShortText
from contracts.message import Command
from contracts.money import Currency
from contracts.orders.lines import DeadlineSeconds, OrderLines


class PlaceOrder(Command):
    """Order something. Rejections: OrderAlreadyExists, EmptyOrder."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    user_id: Identifier
    lines: OrderLines
    currency: Currency
    confirm_within_seconds: DeadlineSeconds | None = None


class ConfirmOrder(Command):
    """Confirm a placed order; it can no longer be cancelled. Rejections: OrderNotFound, InvalidTransition."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier


class CancelOrder(Command):
    """Cancel an order that is not confirmed yet. Rejections: OrderNotFound, InvalidTransition."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    reason: ShortText | None = None


class ShipOrder(Command):
    """Note that a confirmed order was shipped. Rejections: OrderNotFound, InvalidTransition."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier
    tracking: ShortText | None = None


class DeliverOrder(Command):
    """Note that a shipped order was delivered. Rejections: OrderNotFound, InvalidTransition."""

    stream_field: ClassVar[str] = "order_id"

    order_id: Identifier


OrderCommand = PlaceOrder | ConfirmOrder | CancelOrder | ShipOrder | DeliverOrder
