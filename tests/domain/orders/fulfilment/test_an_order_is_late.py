"""The deadline passes: the order is cancelled, and what comes later is given back."""

from tests.domain.orders.fulfilment.three_lines import (
    ALL_RESERVED,
    CAPTURE_FUNDS,
    CONFIRMED,
    DEADLINE,
    FUNDS_RELEASED,
    FUNDS_RESERVED,
    ORDER,
    OVERDUE,
    PAID,
    PIECES,
    PLACED,
    RELEASE_FUNDS,
    cancel,
    cancelled,
    no,
    release,
    released,
    reserved,
)
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following

LATE = "the deadline passed"
CANCELLED = cancelled(LATE)


def test_because_payments_is_away_and_nothing_is_reserved_yet() -> None:
    following(fulfilment, PLACED).when(OVERDUE).then(cancel(LATE)).leaving("compensate")
    following(fulfilment, PLACED, OVERDUE).when(CANCELLED).then_nothing().leaving("compensate")


def test_and_payments_comes_back_later_and_is_asked_to_give_the_money_back() -> None:
    history = (PLACED, OVERDUE, CANCELLED)
    following(fulfilment, *history).when(FUNDS_RESERVED).then(RELEASE_FUNDS).leaving("compensate")
    following(fulfilment, *history, FUNDS_RESERVED).when(FUNDS_RELEASED).then_nothing().leaving("cancelled")


def test_because_inventory_is_away_and_the_money_is_given_back_at_once() -> None:
    late = following(fulfilment, *PAID, reserved("tea")).when(OVERDUE)
    late.then(release("tea"), RELEASE_FUNDS, cancel(LATE)).leaving("compensate")


def test_and_inventory_comes_back_later_and_is_asked_to_give_the_goods_back() -> None:
    history = (*PAID, OVERDUE, CANCELLED, FUNDS_RELEASED)
    comes_back = following(fulfilment, *history).when(*map(reserved, PIECES))
    comes_back.then(*map(release, PIECES)).leaving("compensate")
    following(fulfilment, *history, *map(reserved, PIECES)).when(*map(released, PIECES)).leaving("cancelled")


def test_while_it_is_being_confirmed_and_the_order_is_asked_and_nothing_given_back_yet() -> None:
    late = following(fulfilment, *ALL_RESERVED).when(OVERDUE)
    late.then(cancel(LATE)).leaving("confirm")


def test_and_the_confirmation_was_first() -> None:
    history = (*ALL_RESERVED, OVERDUE)
    following(fulfilment, *history).when(CONFIRMED).then(CAPTURE_FUNDS).leaving("capture_funds")
    for story in (
        (CONFIRMED, no("cancel", "InvalidTransition", ORDER)),
        (no("cancel", "InvalidTransition", ORDER), CONFIRMED),
    ):
        following(fulfilment, *history).when(*story).then(CAPTURE_FUNDS).leaving("capture_funds")


def test_and_the_cancellation_was_first() -> None:
    history = (*ALL_RESERVED, OVERDUE)
    lost = following(fulfilment, *history).when(CANCELLED)
    lost.then(*map(release, PIECES), RELEASE_FUNDS).clearing(DEADLINE).leaving("compensate")
    given_back = (*map(released, PIECES), FUNDS_RELEASED, no("confirm", "InvalidTransition", ORDER))
    following(fulfilment, *history, CANCELLED).when(*given_back).then_nothing().leaving("cancelled")


def test_when_it_is_being_given_up_anyway() -> None:
    following(fulfilment, PLACED, CANCELLED).when(OVERDUE).then_nothing().leaving("compensate")
