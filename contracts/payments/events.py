"""What the payments context says. Every event but a deposit names its order; every event its amount."""

from typing import ClassVar

from contracts.fields import Identifier, ShortText
from contracts.message import Event
from contracts.money import Amount, Currency


class FundsDeposited(Event):
    """Money was paid in."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    amount: Amount
    currency: Currency


class FundsReserved(Event):
    """Money is set aside for an order."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    order_id: Identifier
    amount: Amount
    currency: Currency


class FundsDeclined(Event):
    """Money was asked for and not set aside. `reason` is InsufficientFunds or CurrencyMismatch."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    order_id: Identifier
    amount: Amount
    currency: Currency
    reason: ShortText


class FundsReleased(Event):
    """What was set aside for an order is available again."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    order_id: Identifier
    amount: Amount
    currency: Currency


class FundsCaptured(Event):
    """What was set aside for an order is spent."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    order_id: Identifier
    amount: Amount
    currency: Currency


PaymentEvent = FundsDeposited | FundsReserved | FundsDeclined | FundsReleased | FundsCaptured
