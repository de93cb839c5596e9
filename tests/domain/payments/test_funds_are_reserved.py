"""ReserveFunds."""

from decimal import Decimal

from contracts.orders.examples import BIG_ORDER_ID, ORDER_ID
from contracts.payments.commands import ReserveFunds
from contracts.payments.events import FundsDeclined, FundsReserved
from contracts.payments.examples import (
    CAPTURED_FOR_ADAS_ORDER,
    DECLINED_FOR_ADAS_BIG_ORDER,
    DEPOSITED_FOR_ADA,
    RELEASED_FOR_ADAS_UNLUCKY_ORDER,
    RESERVE_FOR_ADAS_BIG_ORDER,
    RESERVE_FOR_ADAS_ORDER,
    RESERVE_FOR_ADAS_UNLUCKY_ORDER,
    RESERVED_FOR_ADAS_ORDER,
    RESERVED_FOR_ADAS_UNLUCKY_ORDER,
)
from contracts.users.examples import USER_ID
from workers.core.decider import Rejection
from workers.domain.payments.decider import decider
from workers.testing.scenarios import given


def _reserve(amount: str, currency: str | None = "EUR") -> ReserveFunds:
    return ReserveFunds(user_id=USER_ID, order_id=BIG_ORDER_ID, amount=Decimal(amount), currency=currency)


def test_for_an_order() -> None:
    given(decider, DEPOSITED_FOR_ADA).when(RESERVE_FOR_ADAS_ORDER).then(RESERVED_FOR_ADAS_ORDER)


def test_in_the_accounts_currency_when_none_is_named() -> None:
    given(decider, DEPOSITED_FOR_ADA).when(RESERVE_FOR_ADAS_UNLUCKY_ORDER).then(RESERVED_FOR_ADAS_UNLUCKY_ORDER)


def test_to_the_last_cent_and_no_further() -> None:
    facts = {"user_id": USER_ID, "order_id": BIG_ORDER_ID, "currency": "EUR"}
    history = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER)
    history.when(_reserve("65.60")).then(FundsReserved.model_validate({**facts, "amount": "65.60"}))
    declined = FundsDeclined.model_validate({**facts, "amount": "65.61", "reason": "InsufficientFunds"})
    history.when(_reserve("65.61")).then(declined)


def test_from_what_captures_left() -> None:
    history = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER, CAPTURED_FOR_ADAS_ORDER)
    history.when(RESERVE_FOR_ADAS_BIG_ORDER).then(DECLINED_FOR_ADAS_BIG_ORDER)


def test_with_a_decline_when_the_order_is_in_another_currency() -> None:
    (event,) = given(decider, DEPOSITED_FOR_ADA).when(_reserve("1.00", "USD")).decision.events
    assert isinstance(event, FundsDeclined)
    assert (event.reason, event.currency) == ("CurrencyMismatch", "USD")


def test_once_for_an_order_and_quietly_so_the_second_time() -> None:
    history = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER)
    history.when(RESERVE_FOR_ADAS_ORDER).then_nothing()
    for amount, currency in (("34.40", None), ("34.4", "EUR")):
        same = ReserveFunds(user_id=USER_ID, order_id=ORDER_ID, amount=Decimal(amount), currency=currency)
        history.when(same).then_nothing()


def test_not_otherwise_than_it_is_reserved_for_the_order_already() -> None:
    history = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER)
    for amount, currency in (("0.01", "EUR"), ("34.41", None), ("34.40", "USD"), ("9999.00", "USD")):
        other = ReserveFunds(user_id=USER_ID, order_id=ORDER_ID, amount=Decimal(amount), currency=currency)
        answer = history.when(other).then_rejected("ReservationDiffers").answer
        assert isinstance(answer, Rejection)
        assert answer.details == {
            "reserved": {"amount": "34.40", "currency": "EUR"},
            "asked": {"amount": amount, "currency": currency or "EUR"},
        }


def test_again_after_a_release_or_a_decline() -> None:
    released = (DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_UNLUCKY_ORDER, RELEASED_FOR_ADAS_UNLUCKY_ORDER)
    given(decider, *released).when(RESERVE_FOR_ADAS_UNLUCKY_ORDER).then(RESERVED_FOR_ADAS_UNLUCKY_ORDER)
    declined = (DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER, DECLINED_FOR_ADAS_BIG_ORDER)
    history = given(decider, *declined)
    history.when(RESERVE_FOR_ADAS_BIG_ORDER).then(DECLINED_FOR_ADAS_BIG_ORDER)
    (event,) = given(decider, *declined, DEPOSITED_FOR_ADA).when(RESERVE_FOR_ADAS_BIG_ORDER).decision.events
    assert isinstance(event, FundsReserved)


def test_not_without_an_account() -> None:
    given(decider).when(RESERVE_FOR_ADAS_ORDER).then_rejected("AccountNotFound")
