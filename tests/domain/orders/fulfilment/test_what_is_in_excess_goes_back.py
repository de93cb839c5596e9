"""What was reserved once more after the order has taken it is asked back until it is gone: each part once, none of them
forgotten for another one, and whatever else is asked for meanwhile.
"""

import pytest

from contracts.message import Command, Event
from tests.domain.orders.fulfilment.three_lines import (
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    CAPTURE_FUNDS,
    COMPLETED,
    FINAL,
    FUNDS_CAPTURED,
    FUNDS_RELEASED,
    FUNDS_RESERVED,
    ORDER,
    OVERDUE,
    PAID,
    PIECES,
    RELEASE_FUNDS,
    SHIPPED,
    cancel,
    no,
    release,
    released,
    reserved,
    ship,
    shipped,
)
from workers.core.answers import ANSWER, MAX_REPEATS
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following, passed

NO_ANSWER = passed(ORDER, ANSWER)
IN_VAIN = (NO_ANSWER,) * (MAX_REPEATS + 1)
GONE = (*COMPLETED, SHIPPED, *map(shipped, PIECES))
TEA_TWICE = (shipped("tea"), reserved("tea"))
LATE = "the deadline passed"


def test_each_part_is_asked_for_once_however_often_it_was_reserved() -> None:
    twice = (*COMPLETED, FUNDS_RESERVED, FUNDS_RESERVED)
    following(fulfilment, *twice[:-1]).when(FUNDS_RESERVED).then(RELEASE_FUNDS)
    following(fulfilment, *twice).when(NO_ANSWER).then(RELEASE_FUNDS)
    goods = (*GONE, reserved("tea"), reserved("pot"), reserved("tea"))
    following(fulfilment, *goods).when(NO_ANSWER).then(release("pot"), release("tea")).leaving("shipped")


def test_of_two_parts_the_other_one_is_waited_for_when_the_first_is_gone() -> None:
    both = (*GONE, FUNDS_RESERVED, reserved("tea"))
    first = following(fulfilment, *both).when(FUNDS_RELEASED)
    assert first.leaving("shipped").consequences == [], "the deadline goes on"
    following(fulfilment, *both, FUNDS_RELEASED).when(NO_ANSWER).then(release("tea")).leaving("shipped")
    following(fulfilment, *both, FUNDS_RELEASED).when(released("tea")).waiting_for_no_answer().leaving("shipped")


def test_of_two_parts_that_a_person_has_to_look_at_the_first_that_is_gone_leaves_the_other_one_to_him() -> None:
    stuck = (*GONE, FUNDS_RESERVED, reserved("tea"), *IN_VAIN)
    following(fulfilment, *stuck).when(FUNDS_RELEASED).then_nothing().leaving("stuck")
    following(fulfilment, *stuck, FUNDS_RELEASED).when(released("tea")).then_nothing().leaving("shipped")
    following(fulfilment, *stuck).when(released("tea"), FUNDS_RELEASED).then_nothing().leaving("shipped")


def test_what_a_person_has_to_look_at_is_not_forgotten_for_an_answer_that_comes_after_all() -> None:
    unpaid = (*FINAL, *TEA_TWICE, *IN_VAIN, FUNDS_CAPTURED)
    following(fulfilment, *unpaid[:-1]).when(FUNDS_CAPTURED).then_nothing().leaving("stuck")
    following(fulfilment, *unpaid).when(released("tea")).then_nothing().leaving("completed")
    unshipped = (*COMPLETED, *TEA_TWICE, SHIPPED, *IN_VAIN, shipped("pot"))
    following(fulfilment, *unshipped).when(shipped("cup")).then_nothing().leaving("stuck")
    following(fulfilment, *unshipped, shipped("cup")).when(released("tea")).then_nothing().leaving("shipped")


@pytest.mark.parametrize(
    ("history", "more", "status"),
    [
        pytest.param((*FINAL, *TEA_TWICE), (CAPTURE_FUNDS,), "capture_funds", id="the capture"),
        pytest.param(
            (*COMPLETED, *TEA_TWICE, SHIPPED), (ship("pot"), ship("cup")), "ship_stock", id="the goods that leave"
        ),
        pytest.param((*ALL_RESERVED, *TEA_TWICE, OVERDUE), (cancel(LATE),), "confirm", id="the cancellation"),
        pytest.param((*ALL_RESERVED, *TEA_TWICE), (), "confirm", id="nothing, while it is confirmed"),
        pytest.param((*PAID, *map(reserved, PIECES), *TEA_TWICE), (), "confirm", id="nothing"),
        pytest.param((*COMPLETED, *TEA_TWICE), (), "completed", id="nothing, when it is paid"),
    ],
)
def test_it_is_asked_for_again_beside(history: tuple[Event, ...], more: tuple[Command, ...], status: str) -> None:
    late = following(fulfilment, *history).when(NO_ANSWER)
    late.then(release("tea"), *more).waiting_for_answer(120).leaving(status)


def test_it_is_asked_for_again_beside_what_a_cancelled_order_gives_back() -> None:
    history = (*PAID, reserved("tea"), *TEA_TWICE, CANCELLED_BY_ADA)
    late = following(fulfilment, *history).when(NO_ANSWER)
    late.then(release("pot"), release("cup"), RELEASE_FUNDS, release("tea")).leaving("compensate")


@pytest.mark.parametrize(
    ("again", "to", "gone", "asked"),
    [
        pytest.param(FUNDS_RESERVED, "ada", FUNDS_RELEASED, RELEASE_FUNDS, id="money"),
        pytest.param(reserved("tea"), "tea", released("tea"), release("tea"), id="goods"),
    ],
)
def test_a_context_that_fails_to_give_it_back_is_asked_again(
    again: Event, to: str, gone: Event, asked: Command
) -> None:
    failed = no("release_funds" if to == "ada" else "release_stock", "HandlerFailed", to)
    following(fulfilment, *GONE, again).when(failed).then_nothing().leaving("shipped")
    following(fulfilment, *GONE, again, failed).when(NO_ANSWER).then(asked).leaving("shipped")
    following(fulfilment, *GONE, again, failed).when(gone).waiting_for_no_answer().leaving("shipped")


def test_goods_in_excess_are_no_reason_to_call_an_order_paid() -> None:
    following(fulfilment, *FINAL, *TEA_TWICE).when(released("tea")).then_nothing().leaving("capture_funds")
    history = (*FINAL, *TEA_TWICE, *IN_VAIN)
    following(fulfilment, *history[:-1]).when(history[-1]).leaving("stuck")
    following(fulfilment, *history).when(released("tea")).then_nothing().leaving("stuck")
    following(fulfilment, *history, released("tea")).when(FUNDS_CAPTURED).then_nothing().leaving("completed")
