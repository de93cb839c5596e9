"""The events of the payments context. Every event but a deposit names its order; every event its amount."""

from contracts.fields import Identifier, ShortText
from contracts.message import Event
from contracts.money import Amount, Currency
from contracts.payments.stream import AccountStream


class FundsDeposited(Event, AccountStream):
    """Money was paid in."""

    amount: Amount
    currency: Currency


class FundsReserved(Event, AccountStream):
    """Money is set aside for an order."""

    order_id: Identifier
    amount: Amount
    currency: Currency


class FundsDeclined(Event, AccountStream):
    """Money was asked for and not set aside. `reason` is InsufficientFunds or CurrencyMismatch."""

    order_id: Identifier
    amount: Amount
    currency: Currency
    reason: ShortText


class FundsReleased(Event, AccountStream):
    """What was set aside for an order is available again."""

    order_id: Identifier
    amount: Amount
    currency: Currency


class FundsCaptured(Event, AccountStream):
    """What was set aside for an order is spent."""

    order_id: Identifier
    amount: Amount
    currency: Currency


PaymentEvent = FundsDeposited | FundsReserved | FundsDeclined | FundsReleased | FundsCaptured
