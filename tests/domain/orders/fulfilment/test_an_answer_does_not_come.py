"""What an order asks for beside its reservations has a deadline for the answer: then it asks again, a few times, each
with a longer time limit, and in the end it is stuck, where a person can see it. A late answer still counts.
"""

from collections.abc import Sequence

import pytest

from contracts.message import Command, Event
from tests.domain.orders.fulfilment.three_lines import (
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    CAPTURE_FUNDS,
    COMPLETED,
    CONFIRMED,
    FINAL,
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
IN_VAIN = (NO_ANSWER,) * MAX_REPEATS
LATE = "the deadline passed"

WAITING = [
    pytest.param(FINAL, (CAPTURE_FUNDS,), "capture_funds", id="capture"),
    pytest.param((*COMPLETED, SHIPPED), tuple(map(ship, PIECES)), "ship_stock", id="ship"),
    pytest.param((*FINAL, SHIPPED), (CAPTURE_FUNDS, *map(ship, PIECES)), "ship_stock", id="capture and ship"),
    pytest.param((*ALL_RESERVED, OVERDUE), (cancel(LATE),), "confirm", id="cancel"),
    pytest.param(
        (*PAID, CANCELLED_BY_ADA), (*map(release, PIECES), RELEASE_FUNDS), "compensate", id="reservations of goods"
    ),
    pytest.param((PLACED, OVERDUE), (RELEASE_FUNDS, cancel(LATE)), "compensate", id="reservation of money"),
    pytest.param((PLACED, CANCELLED_BY_ADA), (RELEASE_FUNDS,), "compensate", id="reservation, cancelled"),
]


@pytest.mark.parametrize(("history", "asked", "status"), WAITING)
def test_and_is_asked_for_again_with_more_patience_each_time(
    history: Sequence[Event], asked: Sequence[Command], status: str
) -> None:
    *before, last = history
    following(fulfilment, *before).when(last).waiting_for_answer(60)
    for again in range(MAX_REPEATS):
        late = following(fulfilment, *history, *IN_VAIN[:again]).when(NO_ANSWER)
        late.then(*asked).waiting_for_answer(60 * 2 ** (again + 1)).leaving(status)


def test_only_for_what_is_still_missing() -> None:
    late = following(fulfilment, *COMPLETED, SHIPPED, shipped("tea")).when(NO_ANSWER)
    late.then(ship("pot"), ship("cup")).leaving("ship_stock")


@pytest.mark.parametrize(("history", "asked", "status"), WAITING)
def test_until_a_person_has_to_look(history: Sequence[Event], asked: Sequence[Command], status: str) -> None:
    assert asked
    assert status
    following(fulfilment, *history, *IN_VAIN).when(NO_ANSWER).then_nothing().leaving("stuck")


def test_and_comes_when_it_is_stuck() -> None:
    in_vain = (*IN_VAIN, NO_ANSWER)
    following(fulfilment, *FINAL, *in_vain).when(FUNDS_CAPTURED).then_nothing().leaving("completed")
    shipping = (*COMPLETED, SHIPPED, *in_vain)
    following(fulfilment, *shipping).when(*map(shipped, PIECES)).then_nothing().leaving("shipped")
    following(fulfilment, *ALL_RESERVED, OVERDUE, *in_vain).when(CONFIRMED).then(CAPTURE_FUNDS)
    back = following(fulfilment, *PAID, CANCELLED_BY_ADA, *in_vain).when(*map(released, PIECES), FUNDS_RELEASED)
    back.then_nothing().leaving("cancelled")


def test_is_no_longer_waited_for_at_an_end() -> None:
    following(fulfilment, *FINAL).when(FUNDS_CAPTURED).waiting_for_no_answer().leaving("completed")
    declined = following(fulfilment, PLACED, FUNDS_DECLINED).when(CANCELLED_BY_ADA)
    declined.waiting_for_no_answer().leaving("cancelled")
    following(fulfilment, *FINAL).when(no("capture_funds", "HandlerFailed")).waiting_for_no_answer().leaving("stuck")


def test_means_nothing_to_who_waits_for_none() -> None:
    for history, status in ((PAID, "reserve_stock"), (ALL_RESERVED, "confirm"), (COMPLETED, "completed")):
        following(fulfilment, *history).when(NO_ANSWER).then_nothing().leaving(status)


def test_what_is_to_be_given_back_is_asked_for_again_and_then_waits_for_a_person() -> None:
    """As another client had reserved and taken the order's money before."""
    twice = (*COMPLETED, FUNDS_RESERVED)
    for again in range(MAX_REPEATS):
        late = following(fulfilment, *twice, *IN_VAIN[:again]).when(NO_ANSWER)
        late.then(RELEASE_FUNDS).waiting_for_answer(60 * 2 ** (again + 1)).leaving("completed")
    following(fulfilment, *twice, *IN_VAIN).when(NO_ANSWER).then_nothing().leaving("stuck")
    following(fulfilment, *twice, *IN_VAIN, NO_ANSWER).when(FUNDS_RELEASED).then_nothing().leaving("completed")


def test_and_what_takes_the_money_or_the_goods_is_repeated_as_the_same_command() -> None:
    """So it is done once, even if another client reserves once more in between."""
    following(fulfilment, *FINAL[:-1]).when(CONFIRMED).then(CAPTURE_FUNDS).asked_by(None)
    following(fulfilment, *FINAL, NO_ANSWER).when(NO_ANSWER).then(CAPTURE_FUNDS).asked_by(len(FINAL))
    leaving = (*COMPLETED, SHIPPED, shipped("tea"))
    both = following(fulfilment, *leaving, NO_ANSWER).when(NO_ANSWER).then(ship("pot"), ship("cup"))
    both.asked_by(len(COMPLETED) + 1, len(COMPLETED) + 1)


def test_also_when_something_was_lost_and_came_back_in_between() -> None:
    """A client that released and reserved may reserve once more: both commands to take it could find something."""
    back = following(fulfilment, *FINAL, FUNDS_RELEASED).when(FUNDS_RESERVED).then(CAPTURE_FUNDS)
    back.asked_by(len(FINAL)).leaving("capture_funds")


def test_but_after_a_rejection_it_is_asked_for_again() -> None:
    refused = (*COMPLETED, SHIPPED, no("ship_stock", "HandlerFailed", "tea"))
    again = following(fulfilment, *refused).when(NO_ANSWER).then(*map(ship, PIECES))
    again.asked_by(None, len(COMPLETED) + 1, len(COMPLETED) + 1)


def test_and_something_else_is_asked_for_with_all_patience_nevertheless() -> None:
    """The goods are reserved only when their release was asked for in vain, and have to go back now."""
    in_vain = (*PAID, CANCELLED_BY_ADA, FUNDS_RELEASED, *IN_VAIN)
    late = following(fulfilment, *in_vain).when(reserved("tea")).then(release("tea"))
    late.asked_by(None).waiting_for_answer(60)
    following(fulfilment, *in_vain, reserved("tea")).when(NO_ANSWER).then(*map(release, PIECES)).waiting_for_answer(120)


def test_a_rejection_of_what_was_asked_for_before_is_no_answer_to_what_is_asked_for_now() -> None:
    """What was reserved after the first release was rejected is to be released by the second."""
    before = (PLACED, CANCELLED_BY_ADA, NO_ANSWER, FUNDS_RESERVED)
    by = {number: f"00000000-0000-5000-8000-{number:012d}" for number in (3, 4)}
    following(fulfilment, *before[:3]).when(FUNDS_RESERVED).then(RELEASE_FUNDS).asked_by(None)
    rejection = no("release_funds", "ReservationNotFound")
    outdated = following(fulfilment, *before).when(rejection.model_copy(update={"asked_by": by[3]}))
    outdated.then_nothing().leaving("compensate")
    answer = rejection.model_copy(update={"asked_by": by[4]})
    following(fulfilment, *before).when(answer).then_nothing().leaving("cancelled")
    following(fulfilment, *before, NO_ANSWER).when(answer).then_nothing().leaving("cancelled")
