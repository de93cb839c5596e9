"""Others have had a hand in it: another client's confirmation, a reservation that is gone, a context that fails."""

from tests.domain.orders.fulfilment.three_lines import (
    ADA,
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    CAPTURE_FUNDS,
    COMPLETED,
    CONFIRMED,
    DEADLINE,
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
    reserve,
    reserved,
    ship,
    shipped,
)
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following

LATE = "the deadline passed"
NO_MONEY = "funds declined: InsufficientFunds"


def test_no_one_when_another_client_confirmed_it_and_all_is_there() -> None:
    following(fulfilment, PLACED, CONFIRMED).when(FUNDS_RESERVED).then(*map(reserve, PIECES)).leaving("reserve_stock")
    for history in ((PLACED, CONFIRMED, FUNDS_RESERVED), (*PAID, CONFIRMED)):
        scenario = following(fulfilment, *history).when(*map(reserved, PIECES))
        scenario.then(CAPTURE_FUNDS).clearing(DEADLINE).leaving("capture_funds")


def test_when_another_client_confirmed_it_and_it_cannot_be_paid() -> None:
    poor = following(fulfilment, PLACED, CONFIRMED).when(FUNDS_DECLINED)
    poor.then(cancel(NO_MONEY)).leaving("compensate")
    stuck = following(fulfilment, PLACED, CONFIRMED, FUNDS_DECLINED).when(no("cancel", "InvalidTransition", ORDER))
    stuck.then_nothing().leaving("stuck")


def test_when_another_client_confirmed_it_and_it_is_late_and_nothing_stays_reserved_for_it() -> None:
    late = following(fulfilment, PLACED, CONFIRMED).when(OVERDUE)
    late.then(cancel(LATE)).leaving("compensate")
    history = (PLACED, CONFIRMED, OVERDUE, no("cancel", "InvalidTransition", ORDER))
    following(fulfilment, *history).when(FUNDS_RESERVED).then(RELEASE_FUNDS).leaving("stuck")
    supplied_late = (*PAID, CONFIRMED, OVERDUE, no("cancel", "InvalidTransition", ORDER))
    following(fulfilment, *supplied_late).when(reserved("pot"), FUNDS_RELEASED).then(release("pot")).leaving("stuck")


def test_no_one_when_another_client_confirmed_and_shipped_it_before_all_is_there() -> None:
    scenario = following(fulfilment, *PAID, CONFIRMED, SHIPPED).when(*map(reserved, PIECES))
    scenario.then(CAPTURE_FUNDS, *map(ship, PIECES)).clearing(DEADLINE).leaving("ship_stock")
    history = (*PAID, CONFIRMED, SHIPPED, *map(reserved, PIECES), *map(shipped, PIECES))
    following(fulfilment, *history).when(FUNDS_CAPTURED).then_nothing().leaving("shipped")


def test_when_its_money_cannot_be_captured() -> None:
    stuck = following(fulfilment, *FINAL).when(no("capture_funds", "ReservationNotFound"))
    stuck.then_nothing().leaving("stuck")
    gone = following(fulfilment, *FINAL, SHIPPED).when(no("capture_funds", "ReservationNotFound"))
    gone.then_nothing().leaving("stuck")


def test_and_all_stays_reserved_until_that_person_has_looked() -> None:
    for history in (FINAL, (*ALL_RESERVED, OVERDUE, CONFIRMED)):
        stuck = following(fulfilment, *history).when(no("capture_funds", "ReservationNotFound"))
        stuck.then_nothing().leaving("stuck")


def test_when_its_goods_cannot_be_shipped() -> None:
    waits = following(fulfilment, *COMPLETED, SHIPPED, shipped("tea")).when(
        no("ship_stock", "ReservationNotFound", to="pot"), shipped("cup")
    )
    waits.then_nothing().leaving("ship_stock")


def test_when_a_context_fails_to_give_back_until_its_dead_letter_is_sent_again() -> None:
    gone = (*PAID, CANCELLED_BY_ADA)
    for failure, fixed in (
        (no("release_funds", "HandlerFailed", ADA), FUNDS_RELEASED),
        (no("release_stock", "HandlerFailed", "tea"), released("tea")),
    ):
        answers = [
            answer for answer in (*map(reserved, PIECES), *map(released, PIECES), FUNDS_RELEASED) if answer != fixed
        ]
        stuck = following(fulfilment, *gone).when(*answers, failure)
        stuck.leaving("stuck")
        following(fulfilment, *gone, *answers, failure).when(fixed).then_nothing().leaving("cancelled")


def test_when_it_is_late_and_cannot_be_cancelled_and_all_stays_reserved_as_it_may_be_confirmed_yet() -> None:
    late = (*ALL_RESERVED, OVERDUE)
    failure = no("cancel", "HandlerFailed", ORDER)
    following(fulfilment, *late).when(failure).then_nothing().leaving("stuck")
    following(fulfilment, *late, failure).when(CANCELLED_BY_ADA).then(*map(release, PIECES), RELEASE_FUNDS)
    over = following(fulfilment, *late, failure, CANCELLED_BY_ADA).when(*map(released, PIECES), FUNDS_RELEASED)
    over.then_nothing().leaving("cancelled")


def test_when_it_is_late_and_cannot_be_cancelled_until_it_is_confirmed_after_all() -> None:
    stuck = (*ALL_RESERVED, OVERDUE, no("cancel", "HandlerFailed", ORDER))
    following(fulfilment, *stuck).when(CONFIRMED).then(CAPTURE_FUNDS).clearing(DEADLINE).leaving("capture_funds")


def test_when_its_money_cannot_be_taken_until_it_is() -> None:
    stuck = (*ALL_RESERVED, CONFIRMED, no("capture_funds", "HandlerFailed", ADA))
    following(fulfilment, *stuck).when(FUNDS_CAPTURED).then_nothing().leaving("completed")
    following(fulfilment, *stuck, SHIPPED).when(FUNDS_CAPTURED).then(*map(ship, PIECES)).leaving("ship_stock")
