"""The account card: what a user has, what is reserved for orders and what is spent. Money as text with two places."""

from decimal import Decimal
from typing import assert_never, cast

from contracts.money import EXACT, written
from contracts.payments.events import (
    FundsCaptured,
    FundsDeclined,
    FundsDeposited,
    FundsReleased,
    FundsReserved,
    PaymentEvent,
)
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded

NOTHING = Decimal("0.00")


def evolve(card: Document | None, recorded: Recorded) -> Document | None:
    """The next card; only a FundsDeposited creates one. `balance` is deposited less captured; `available` is `balance`
    less `reserved`. A decline changes only the version.
    """
    event = cast(PaymentEvent, recorded.event)
    if isinstance(event, FundsDeposited):
        return _moved(_opened(event) if card is None else card, recorded, balance=event.amount)
    if card is None:
        return None
    match event:
        case FundsReserved():
            return _moved(card, recorded, reserved=event.amount)
        case FundsDeclined():
            return _moved(card, recorded)
        case FundsReleased():
            return _moved(card, recorded, reserved=event.amount.copy_negate())
        case FundsCaptured():
            spent = event.amount.copy_negate()
            return _moved(card, recorded, balance=spent, reserved=spent, captured=event.amount)
        case _:
            assert_never(event)


def _opened(event: FundsDeposited) -> Document:
    nothing = written(NOTHING)
    return {
        "user_id": event.user_id,
        "currency": event.currency,
        "balance": nothing,
        "reserved": nothing,
        "available": nothing,
        "captured": nothing,
        "version": 0,
    }


def _moved(
    card: Document,
    recorded: Recorded,
    balance: Decimal = NOTHING,
    reserved: Decimal = NOTHING,
    captured: Decimal = NOTHING,
) -> Document:
    """The card after these amounts are added."""
    new_balance = EXACT.add(Decimal(card["balance"]), balance)
    new_reserved = EXACT.add(Decimal(card["reserved"]), reserved)
    return {
        **card,
        "balance": written(new_balance),
        "reserved": written(new_reserved),
        "available": written(EXACT.subtract(new_balance, new_reserved)),
        "captured": written(EXACT.add(Decimal(card["captured"]), captured)),
        "version": recorded.stream_version,
    }


def indexes(_: Document) -> frozenset[Index]:
    """None: an account is looked up by its user's id."""
    return frozenset()


card = Projection(name="accounts", context="payments", evolve=evolve, indexes=indexes)
