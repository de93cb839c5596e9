"""The payments write side: one account per user. An order is paid in two steps: the money is reserved, then captured.

The account has the currency of its first deposit. Reservations never exceed the balance, so the available money is
never below zero. A decline is an event and no rejection: a saga reads it from the log.

Only open reservations are kept. A change of them copies the mapping, so an event costs time in proportion to the
number of orders that one user has open at once: some ten nanoseconds for each.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple, assert_never

from contracts.money import EXACT, written
from contracts.payments.commands import CaptureFunds, DepositFunds, PaymentCommand, ReleaseFunds, ReserveFunds
from contracts.payments.events import (
    FundsCaptured,
    FundsDeclined,
    FundsDeposited,
    FundsReleased,
    FundsReserved,
    PaymentEvent,
)
from workers.core.decider import QUIET, Decider, Decision, Rejection

NOTHING = Decimal("0.00")
INSUFFICIENT_FUNDS = "InsufficientFunds"
CURRENCY_MISMATCH = "CurrencyMismatch"


class AccountState(NamedTuple):
    """What decisions need to know of one account. Without a currency, there is no account yet.

    `balance` is deposited less captured; `reserved` is the sum of `reservations`, the open ones by order id.
    """

    currency: str | None = None
    balance: Decimal = NOTHING
    reserved: Decimal = NOTHING
    reservations: Mapping[str, Decimal] = {}

    @property
    def available(self) -> Decimal:
        """The money that can still be reserved."""
        return EXACT.subtract(self.balance, self.reserved)


def deposit(state: AccountState, command: DepositFunds) -> Decision | Rejection:
    """Never quiet: a second deposit of the same amount is more money."""
    if state.currency not in (None, command.currency):
        return Rejection(
            CURRENCY_MISMATCH,
            f"The account of {command.user_id} is in {state.currency}; it takes no {command.currency}.",
            {"account": state.currency, "deposit": command.currency},
        )
    return Decision(
        events=(
            FundsDeposited.model_construct(user_id=command.user_id, amount=command.amount, currency=command.currency),
        )
    )


def reserve(state: AccountState, command: ReserveFunds) -> Decision | Rejection:
    """One open reservation per order: while there is one, a command for the same is quiet, and one for anything else is
    rejected. So a quiet answer means that exactly this is reserved.
    """
    if state.currency is None:
        return _no_account(command)
    currency = command.currency or state.currency
    reserved = state.reservations.get(command.order_id)
    if reserved is not None:
        is_the_same = (reserved, state.currency) == (command.amount, currency)
        return QUIET if is_the_same else _differs(command, reserved, state.currency, currency)
    facts: dict[str, Any] = {
        "user_id": command.user_id,
        "order_id": command.order_id,
        "amount": command.amount,
        "currency": currency,
    }
    if currency != state.currency:
        return Decision(events=(FundsDeclined.model_construct(**facts, reason=CURRENCY_MISMATCH),))
    if command.amount > state.available:
        return Decision(events=(FundsDeclined.model_construct(**facts, reason=INSUFFICIENT_FUNDS),))
    return Decision(events=(FundsReserved.model_construct(**facts),))


def release(state: AccountState, command: ReleaseFunds) -> Decision | Rejection:
    if state.currency is None:
        return _no_account(command)
    amount = state.reservations.get(command.order_id)
    if amount is None:
        return _no_reservation(command)
    event = FundsReleased.model_construct(
        user_id=command.user_id, order_id=command.order_id, amount=amount, currency=state.currency
    )
    return Decision(events=(event,))


def capture(state: AccountState, command: CaptureFunds) -> Decision | Rejection:
    if state.currency is None:
        return _no_account(command)
    amount = state.reservations.get(command.order_id)
    if amount is None:
        return _no_reservation(command)
    event = FundsCaptured.model_construct(
        user_id=command.user_id, order_id=command.order_id, amount=amount, currency=state.currency
    )
    return Decision(events=(event,))


def decide(state: AccountState, command: PaymentCommand) -> Decision | Rejection:
    match command:
        case DepositFunds():
            return deposit(state, command)
        case ReserveFunds():
            return reserve(state, command)
        case ReleaseFunds():
            return release(state, command)
        case CaptureFunds():
            return capture(state, command)
        case _:
            assert_never(command)


def evolve(state: AccountState, event: PaymentEvent) -> AccountState:
    match event:
        case FundsDeposited():
            return state._replace(currency=event.currency, balance=EXACT.add(state.balance, event.amount))
        case FundsReserved():
            return state._replace(
                reserved=EXACT.add(state.reserved, event.amount),
                reservations={**state.reservations, event.order_id: event.amount},
            )
        case FundsDeclined():
            return state
        case FundsReleased():
            return _closed(state, event)
        case FundsCaptured():
            return _closed(state, event)._replace(balance=EXACT.subtract(state.balance, event.amount))
        case _:
            assert_never(event)


def _closed(state: AccountState, event: FundsReleased | FundsCaptured) -> AccountState:
    still_open = dict(state.reservations)
    del still_open[event.order_id]
    return state._replace(reserved=EXACT.subtract(state.reserved, event.amount), reservations=still_open)


def _no_account(command: PaymentCommand) -> Rejection:
    return Rejection("AccountNotFound", f"{command.user_id} has no account: a deposit opens one.")


def _differs(command: ReserveFunds, reserved: Decimal, account: str, currency: str) -> Rejection:
    return Rejection(
        "ReservationDiffers",
        f"{written(reserved)} {account} are reserved for the order {command.order_id} on {command.user_id}'s account, "
        f"not {written(command.amount)} {currency}: release that first.",
        {
            "reserved": {"amount": written(reserved), "currency": account},
            "asked": {"amount": written(command.amount), "currency": currency},
        },
    )


def _no_reservation(command: ReleaseFunds | CaptureFunds) -> Rejection:
    return Rejection(
        "ReservationNotFound", f"Nothing is reserved for the order {command.order_id} on {command.user_id}'s account."
    )


decider = Decider(AccountState(), decide, evolve)
