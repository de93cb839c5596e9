"""DepositFunds."""

from decimal import Decimal

from contracts.payments.commands import DepositFunds
from contracts.payments.examples import (
    CAPTURED_FOR_ADAS_ORDER,
    DEPOSIT_FOR_ADA,
    DEPOSITED_FOR_ADA,
    RESERVED_FOR_ADAS_ORDER,
)
from contracts.users.examples import USER_ID
from workers.core.decider import Rejection
from workers.domain.payments.decider import decider
from workers.testing.scenarios import given


def test_to_open_the_account() -> None:
    given(decider).when(DEPOSIT_FOR_ADA).then(DEPOSITED_FOR_ADA)


def test_again_each_time() -> None:
    given(decider, DEPOSITED_FOR_ADA).when(DEPOSIT_FOR_ADA).then(DEPOSITED_FOR_ADA)


def test_in_the_currency_of_the_first_deposit_only_even_when_nothing_is_left() -> None:
    dollars = DepositFunds(user_id=USER_ID, amount=Decimal("1.00"), currency="USD")
    answer = given(decider, DEPOSITED_FOR_ADA).when(dollars).then_rejected("CurrencyMismatch").answer
    assert isinstance(answer, Rejection)
    assert answer.details == {"account": "EUR", "deposit": "USD"}
    spent = given(decider, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER, CAPTURED_FOR_ADAS_ORDER)
    spent.when(dollars).then_rejected("CurrencyMismatch")
