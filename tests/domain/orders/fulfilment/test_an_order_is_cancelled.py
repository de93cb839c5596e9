"""The customer cancels in the middle: whatever is held by then, or only then, is given back."""

from tests.domain.orders.fulfilment.three_lines import (
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    DEADLINE,
    FUNDS_DECLINED,
    FUNDS_RELEASED,
    FUNDS_RESERVED,
    PAID,
    PIECES,
    PLACED,
    RELEASE_FUNDS,
    declined,
    no,
    release,
    released,
    reserved,
)
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following


def test_while_the_money_is_being_reserved_and_the_money_goes_back_when_it_comes() -> None:
    early = following(fulfilment, PLACED).when(CANCELLED_BY_ADA)
    early.then().clearing(DEADLINE).leaving("compensate")
    following(fulfilment, PLACED, CANCELLED_BY_ADA).when(FUNDS_RESERVED).then(RELEASE_FUNDS).leaving("compensate")
    following(fulfilment, PLACED, CANCELLED_BY_ADA, FUNDS_RESERVED).when(FUNDS_RELEASED).leaving("cancelled")


def test_while_the_money_is_being_declined() -> None:
    following(fulfilment, PLACED, CANCELLED_BY_ADA).when(FUNDS_DECLINED).then_nothing().leaving("cancelled")
    no_account = following(fulfilment, PLACED, CANCELLED_BY_ADA).when(no("reserve_funds", "AccountNotFound"))
    no_account.then_nothing().leaving("cancelled")


def test_while_the_goods_are_being_reserved() -> None:
    middle = following(fulfilment, *PAID, reserved("tea")).when(CANCELLED_BY_ADA)
    middle.then(release("tea"), RELEASE_FUNDS).clearing(DEADLINE).leaving("compensate")
    history = (*PAID, reserved("tea"), CANCELLED_BY_ADA)
    following(fulfilment, *history).when(reserved("pot")).then(release("pot"))
    following(fulfilment, *history).when(declined("pot")).then_nothing().leaving("compensate")
    answers = (reserved("pot"), declined("cup"), released("tea"), released("pot"), FUNDS_RELEASED)
    following(fulfilment, *history).when(*answers).leaving("cancelled")


def test_after_all_is_reserved_and_before_the_confirmation_is_there() -> None:
    late = following(fulfilment, *ALL_RESERVED).when(CANCELLED_BY_ADA)
    late.then(*map(release, PIECES), RELEASE_FUNDS).clearing(DEADLINE).leaving("compensate")
    history = (*ALL_RESERVED, CANCELLED_BY_ADA)
    too_late = following(fulfilment, *history).when(no("confirm", "InvalidTransition", to="order-1"))
    too_late.then_nothing().leaving("compensate")
    following(fulfilment, *history).when(*map(released, PIECES), FUNDS_RELEASED).then_nothing().leaving("cancelled")


def test_when_it_is_being_cancelled_anyway() -> None:
    both = following(fulfilment, PLACED, FUNDS_DECLINED).when(CANCELLED_BY_ADA)
    both.then_nothing().leaving("cancelled")
