"""The commands of the orders context. An order's states and what is allowed in each: contracts/README.md.

Nobody says what an order costs in all: the total is computed from its lines.
"""

from contracts.fields import Identifier, ShortText
from contracts.message import Command
from contracts.money import Currency
from contracts.orders.lines import DeadlineSeconds, OrderLines
from contracts.orders.stream import OrderStream


class PlaceOrder(Command, OrderStream):
    """Order something. Rejections: OrderAlreadyExists, EmptyOrder."""

    user_id: Identifier
    lines: OrderLines
    currency: Currency
    confirm_within_seconds: DeadlineSeconds | None = None


class ConfirmOrder(Command, OrderStream):
    """Confirm a placed order; it can no longer be cancelled. Rejections: OrderNotFound, InvalidTransition."""


class CancelOrder(Command, OrderStream):
    """Cancel an order that is not confirmed yet. Rejections: OrderNotFound, InvalidTransition."""

    reason: ShortText | None = None


class ShipOrder(Command, OrderStream):
    """Note that a confirmed order was shipped. Rejections: OrderNotFound, InvalidTransition."""

    tracking: ShortText | None = None


class DeliverOrder(Command, OrderStream):
    """Note that a shipped order was delivered. Rejections: OrderNotFound, InvalidTransition."""


OrderCommand = PlaceOrder | ConfirmOrder | CancelOrder | ShipOrder | DeliverOrder
