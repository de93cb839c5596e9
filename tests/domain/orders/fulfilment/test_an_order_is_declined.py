"""An order that cannot be paid or supplied: it is cancelled with the reason, and everything is given back."""

import pytest

from contracts.message import Event
from tests.domain.orders.fulfilment.three_lines import (
    DEADLINE,
    FUNDS_DECLINED,
    FUNDS_RELEASED,
    PAID,
    PLACED,
    RELEASE_FUNDS,
    cancel,
    cancelled,
    declined,
    no,
    release,
    released,
    reserved,
)
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following

NO_MONEY = "funds declined: InsufficientFunds"
NO_ACCOUNT = "funds declined: AccountNotFound"
NO_POT = "stock of pot declined: InsufficientStock"
SHORT = (*PAID, reserved("tea"), declined("pot"))


def test_too_little_money_cancels_it_and_there_is_nothing_to_give_back() -> None:
    poor = following(fulfilment, PLACED).when(FUNDS_DECLINED)
    poor.then(cancel(NO_MONEY)).clearing(DEADLINE).leaving("compensate")
    over = following(fulfilment, PLACED, FUNDS_DECLINED).when(cancelled(NO_MONEY))
    over.then_nothing().leaving("cancelled")


def test_no_account_cancels_it_too() -> None:
    no_account = following(fulfilment, PLACED).when(no("reserve_funds", "AccountNotFound"))
    no_account.then(cancel(NO_ACCOUNT)).clearing(DEADLINE).leaving("compensate")
    following(fulfilment, PLACED, no("reserve_funds", "AccountNotFound")).when(cancelled(NO_ACCOUNT)).leaving(
        "cancelled"
    )


def test_stock_short_on_the_second_of_three_lines_gives_back_the_first_and_the_money() -> None:
    short = following(fulfilment, *PAID, reserved("tea")).when(declined("pot"))
    short.then(release("tea"), RELEASE_FUNDS, cancel(NO_POT)).clearing(DEADLINE).leaving("compensate")


def test_the_third_line_is_given_back_when_it_is_reserved_only_then() -> None:
    following(fulfilment, *SHORT).when(reserved("cup")).then(release("cup")).leaving("compensate")


def test_it_is_over_when_all_is_given_back_and_the_order_is_cancelled() -> None:
    answers = [reserved("cup"), released("tea"), released("cup"), FUNDS_RELEASED]
    following(fulfilment, *SHORT, *answers).when(cancelled(NO_POT)).then_nothing().leaving("cancelled")
    *most, last = [cancelled(NO_POT), *answers]
    following(fulfilment, *SHORT).when(*most).leaving("compensate")
    following(fulfilment, *SHORT, *most).when(last).then_nothing().leaving("cancelled")


def test_a_second_line_that_is_short_asks_for_nothing_again() -> None:
    following(fulfilment, *SHORT).when(declined("cup")).then_nothing().leaving("compensate")


def test_goods_that_inventory_failed_to_reserve_count_as_short() -> None:
    failed = following(fulfilment, *PAID, reserved("tea")).when(no("reserve_stock", "InternalError", to="pot"))
    failed.then(release("tea"), RELEASE_FUNDS, cancel("stock of pot declined: InternalError")).leaving("compensate")


@pytest.mark.parametrize(
    ("given_back_by_others", "still_held"),
    [
        (no("release_funds", "ReservationNotFound"), released("tea")),
        (no("release_stock", "ReservationNotFound", "tea"), FUNDS_RELEASED),
    ],
    ids=["money", "goods"],
)
def test_what_another_client_gave_back_counts_as_given_back(given_back_by_others: Event, still_held: Event) -> None:
    history = (*SHORT, declined("cup"), cancelled(NO_POT), still_held)
    following(fulfilment, *history[:-1]).when(still_held).leaving("compensate")
    following(fulfilment, *history).when(given_back_by_others).then_nothing().leaving("cancelled")
