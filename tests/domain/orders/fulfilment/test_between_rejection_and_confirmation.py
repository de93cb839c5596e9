"""The order's stream has decided between confirmation and cancellation, and only one of its answers is here yet.

Until the other one comes, the instance waits as before: it is not stuck, and nothing is asked for or given back.
"""

from tests.domain.orders.fulfilment.three_lines import (
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    CAPTURE_FUNDS,
    CONFIRMED,
    DEADLINE,
    FUNDS_CAPTURED,
    FUNDS_RELEASED,
    ORDER,
    OVERDUE,
    PIECES,
    RELEASE_FUNDS,
    no,
    release,
    released,
)
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following

LATE = (*ALL_RESERVED, OVERDUE)
NO_CANCELLATION = no("cancel", "InvalidTransition", ORDER)
NO_CONFIRMATION = no("confirm", "InvalidTransition", ORDER)


def test_a_late_order_whose_cancellation_is_rejected_waits_for_the_confirmation_that_came_first() -> None:
    following(fulfilment, *LATE).when(NO_CANCELLATION).then_nothing().leaving("confirm")
    confirmed = following(fulfilment, *LATE, NO_CANCELLATION).when(CONFIRMED)
    confirmed.then(CAPTURE_FUNDS).clearing(DEADLINE).leaving("capture_funds")
    following(fulfilment, *LATE, NO_CANCELLATION, CONFIRMED).when(FUNDS_CAPTURED).then_nothing().leaving("completed")


def test_the_rejection_may_come_after_the_confirmation_as_well() -> None:
    for history, status in (((*LATE, CONFIRMED), "capture_funds"), ((*LATE, CONFIRMED, FUNDS_CAPTURED), "completed")):
        following(fulfilment, *history).when(NO_CANCELLATION).then_nothing().leaving(status)


def test_an_order_whose_confirmation_is_rejected_waits_for_the_cancellation_that_came_first() -> None:
    following(fulfilment, *ALL_RESERVED).when(NO_CONFIRMATION).then_nothing().leaving("confirm")
    cancelled = following(fulfilment, *ALL_RESERVED, NO_CONFIRMATION).when(CANCELLED_BY_ADA)
    cancelled.then(*map(release, PIECES), RELEASE_FUNDS).clearing(DEADLINE).leaving("compensate")
    history = (*ALL_RESERVED, NO_CONFIRMATION, CANCELLED_BY_ADA)
    following(fulfilment, *history).when(*map(released, PIECES), FUNDS_RELEASED).leaving("cancelled")


def test_that_rejection_may_come_after_the_cancellation_as_well() -> None:
    given_up = (*ALL_RESERVED, CANCELLED_BY_ADA)
    following(fulfilment, *given_up).when(NO_CONFIRMATION).then_nothing().leaving("compensate")
    given_back = (*given_up, *map(released, PIECES), FUNDS_RELEASED)
    following(fulfilment, *given_back).when(NO_CONFIRMATION).then_nothing().leaving("cancelled")
