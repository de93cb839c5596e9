"""The money is taken of a confirmed order all of which is there, once; nothing leaves for an order that is given up."""

from decimal import Decimal
from typing import Any

import pytest

from contracts.payments.events import FundsCaptured, FundsDeclined, FundsReleased, FundsReserved
from tests.domain.orders.fulfilment.three_lines import (
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    CAPTURE_FUNDS,
    COMPLETED,
    CONFIRMED,
    DEADLINE,
    FINAL,
    FUNDS,
    FUNDS_CAPTURED,
    FUNDS_DECLINED,
    FUNDS_RELEASED,
    FUNDS_RESERVED,
    ORDER,
    OVERDUE,
    PAID,
    PIECES,
    PLACED,
    RELEASE_FUNDS,
    SHIPPED,
    declined,
    no,
    released,
    reserved,
    shipped,
    unchanged,
)
from workers.core.answers import ANSWER, MAX_REPEATS
from workers.core.folding import fold
from workers.core.saga import Step
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following, passed
from workers.testing.scenarios import recorded

NO_ANSWER = passed(ORDER, ANSWER)
TOO_LATE = no("cancel", "InvalidTransition", ORDER)
UNCANCELLED = (*ALL_RESERVED, OVERDUE, no("cancel", "HandlerFailed", ORDER))
"""What became of it is unknown: the cancellation has failed, and no confirmation is there."""
CONFIRMED_BY_OTHERS = (*PAID, CONFIRMED, reserved("tea"), reserved("pot"), OVERDUE, reserved("cup"), TOO_LATE)
"""Given up, and confirmed by another client: all of it is asked back, and a person has to look."""


def test_what_was_lost_and_is_there_again_is_not_taken_of_an_order_that_is_not_confirmed() -> None:
    lost = (*UNCANCELLED, FUNDS_RELEASED)
    following(fulfilment, *lost).when(FUNDS_RESERVED).then_nothing().leaving("stuck")
    following(fulfilment, *lost, FUNDS_RESERVED).when(CONFIRMED).then(CAPTURE_FUNDS).leaving("capture_funds")


def test_something_else_that_is_there_instead_of_what_was_lost_is_not_taken() -> None:
    cent = FUNDS_RESERVED.model_copy(update={"amount": Decimal("0.01")})
    following(fulfilment, *FINAL, FUNDS_RELEASED).when(cent).then_nothing().leaving("stuck")


def test_what_was_reserved_is_its_own_also_when_the_answer_comes_before_the_news_of_it() -> None:
    paid = (PLACED, unchanged("reserve_funds"), FUNDS_RESERVED)
    scenario = following(fulfilment, *paid, *map(reserved, PIECES))
    scenario.when(CONFIRMED).then(CAPTURE_FUNDS).leaving("capture_funds")


def test_what_others_take_of_what_is_asked_back_is_for_a_person_be_it_money_goods_or_both() -> None:
    back = (*ALL_RESERVED, CANCELLED_BY_ADA)
    for taken_events, rest in (
        ((FUNDS_CAPTURED,), map(released, PIECES)),
        ((shipped("tea"),), (released("pot"), released("cup"), FUNDS_RELEASED)),
        ((FUNDS_CAPTURED, *map(shipped, PIECES)), ()),
    ):
        following(fulfilment, *back).when(*taken_events, *rest).then_nothing().leaving("stuck")


@pytest.mark.parametrize("word", [CANCELLED_BY_ADA, unchanged("cancel", to=ORDER)], ids=["an event", "an answer"])
def test_why_it_was_cancelled_stands_there_for_who_looks(word: Any) -> None:
    state = fold(fulfilment, recorded(*ALL_RESERVED, OVERDUE, word))
    assert (state.is_cancelled, state.reason) == (True, getattr(word, "reason", "the deadline passed"))


def test_of_two_things_that_were_lost_both_have_to_be_there_again() -> None:
    lost = (*FINAL, released("tea"), FUNDS_RELEASED)
    following(fulfilment, *lost).when(reserved("tea")).then_nothing().leaving("stuck")
    following(fulfilment, *lost, reserved("tea")).when(FUNDS_RESERVED).then(CAPTURE_FUNDS).leaving("capture_funds")


def test_money_that_is_taken_when_goods_were_lost_completes_it_only_when_they_are_there_again() -> None:
    lost = (*FINAL, released("tea"))
    following(fulfilment, *lost).when(FUNDS_CAPTURED).then_nothing().leaving("stuck")
    following(fulfilment, *lost, FUNDS_CAPTURED).when(reserved("tea")).then().leaving("completed")


def test_a_second_word_of_its_confirmation_asks_for_the_money_once() -> None:
    following(fulfilment, *FINAL).when(CONFIRMED, unchanged("confirm", to=ORDER)).then_nothing().leaving(
        "capture_funds"
    )
    failed = (*FINAL, no("capture_funds", "HandlerFailed"))
    following(fulfilment, *failed).when(unchanged("confirm", to=ORDER)).then_nothing().leaving("stuck")


def test_a_confirmation_of_an_order_that_is_given_up_takes_nothing() -> None:
    given_up = (*PAID, declined("tea"), no("cancel", "HandlerFailed", ORDER))
    following(fulfilment, *given_up[:-1]).when(given_up[-1]).leaving("stuck")
    following(fulfilment, *given_up).when(CONFIRMED).then_nothing().leaving("stuck")
    following(fulfilment, PLACED, FUNDS_DECLINED).when(CONFIRMED).then_nothing().leaving("compensate")


def test_money_that_another_client_takes_does_not_complete_an_order_that_is_not_confirmed() -> None:
    following(fulfilment, *UNCANCELLED).when(FUNDS_CAPTURED).then_nothing().leaving("stuck")
    following(fulfilment, *UNCANCELLED, FUNDS_CAPTURED).when(CONFIRMED).then().leaving("completed")
    following(fulfilment, *ALL_RESERVED).when(FUNDS_CAPTURED).then_nothing().leaving("confirm")
    following(fulfilment, *PAID).when(FUNDS_CAPTURED).then_nothing().leaving("reserve_stock")


def test_what_another_client_takes_of_an_order_that_is_given_up_does_not_complete_it() -> None:
    scenario = following(fulfilment, *CONFIRMED_BY_OTHERS).when(*map(shipped, PIECES), FUNDS_CAPTURED)
    scenario.then_nothing().leaving("stuck")
    scenario = following(fulfilment, *CONFIRMED_BY_OTHERS[:-1]).when(*map(shipped, PIECES), FUNDS_CAPTURED)
    scenario.then_nothing().leaving("compensate")


def test_what_comes_for_an_order_that_a_person_looks_at_is_asked_back_again_and_it_is_not_cancelled_once_more() -> None:
    history = (PLACED, CONFIRMED, OVERDUE, TOO_LATE, FUNDS_RESERVED)
    following(fulfilment, *history[:-1]).when(FUNDS_RESERVED).then(RELEASE_FUNDS).waiting_for_answer(60)
    for again in range(MAX_REPEATS):
        late = following(fulfilment, *history, *[NO_ANSWER] * again).when(NO_ANSWER)
        late.then(RELEASE_FUNDS).waiting_for_answer(60 * 2 ** (again + 1)).leaving("stuck")
    following(fulfilment, *history, *[NO_ANSWER] * MAX_REPEATS).when(NO_ANSWER).then_nothing().leaving("stuck")


def test_goods_that_another_client_ships_are_not_its_shipping() -> None:
    stuck = (*COMPLETED, FUNDS_RESERVED, *[NO_ANSWER] * (MAX_REPEATS + 1))
    following(fulfilment, *stuck).when(*map(shipped, PIECES)).then_nothing().leaving("stuck")
    following(fulfilment, *COMPLETED).when(*map(shipped, PIECES)).then_nothing().leaving("completed")
    following(fulfilment, *COMPLETED, *map(shipped, PIECES)).when(SHIPPED).then_nothing().leaving("shipped")


def test_a_second_word_of_its_shipping_asks_for_its_goods_once() -> None:
    following(fulfilment, *COMPLETED, SHIPPED).when(SHIPPED).then_nothing().leaving("ship_stock")


def test_a_cancellation_that_fails_after_it_is_cancelled_is_no_matter() -> None:
    cancelled = (*PAID, reserved("tea"), declined("pot"), CANCELLED_BY_ADA)
    following(fulfilment, *cancelled).when(no("cancel", "HandlerFailed", ORDER)).then_nothing().leaving("compensate")


def test_a_rejection_of_what_was_answered_already_changes_nothing() -> None:
    for history, step, to, status in (
        (PAID, "reserve_funds", "ada", "reserve_stock"),
        ((*PAID, reserved("tea")), "reserve_stock", "tea", "reserve_stock"),
        (PAID, "reserve_stock", "gold", "reserve_stock"),
        (FINAL, "release_funds", "ada", "capture_funds"),
        (FINAL, "release_stock", "tea", "capture_funds"),
        (COMPLETED, "capture_funds", "ada", "completed"),
    ):
        following(fulfilment, *history).when(no(step, "HandlerFailed", to)).then_nothing().leaving(status)


def test_its_steps_are_called_as_they_always_were_so_that_a_repeat_has_the_same_command_id() -> None:
    stories = (*ALL_RESERVED, OVERDUE, CONFIRMED, FUNDS_CAPTURED, SHIPPED), (*ALL_RESERVED, CANCELLED_BY_ADA)
    steps = [consequence for story in stories for consequence in following(fulfilment).when(*story).consequences]
    goods = {(f"{step}_stock", sku) for step in ("reserve", "release", "ship") for sku in PIECES}
    others = ("reserve_funds", "confirm", "cancel", "capture_funds", "release_funds")
    assert {consequence[::2] for consequence in steps if isinstance(consequence, Step)} == goods | {
        (name, "") for name in others
    }


def test_what_is_late_and_is_confirmed_after_all_has_no_deadline_any_more() -> None:
    stuck = following(fulfilment, *UNCANCELLED).when(CONFIRMED)
    stuck.then(CAPTURE_FUNDS).clearing(DEADLINE).waiting_for_answer(60)


@pytest.mark.parametrize(
    ("statement", "funds"),
    [
        (FundsReserved(**FUNDS), "reserved"),
        (FundsDeclined(**FUNDS, reason="InsufficientFunds"), "declined"),
        (FundsReleased(**FUNDS), "released"),
        (FundsCaptured(**FUNDS), "captured"),
    ],
)
def test_what_is_said_of_its_money_before_it_is_placed_is_kept_for_who_looks_and_not_believed(
    statement: Any, funds: str
) -> None:
    (first,) = recorded(statement)
    assert fulfilment.evolve(fulfilment.initial, first).funds == funds
    following(fulfilment, statement).when(PLACED).leaving("reserve_funds")
