"""A saga instance compared with its journal: the steps that were accepted and changed nothing."""

from contracts.orders.events import OrderCancelled
from tests.verification.one_order import PLACED, fulfilled, time
from tests.verification.test_a_saga_compared import (
    cancelled,
    differences,
    entry,
    rejected_order,
    reserved_before,
    stored,
)
from workers.operations.verification.findings import FindingKind


def test_has_handled_that_a_step_changed_nothing_which_did_or_was_rejected_or_is_handled_twice() -> None:
    forged = ("internal event of a saga without cause", "fulfilment o-1@2")
    for changes in (
        {"unchanged": False},
        {"unchanged": False, "status": "rejected", "code": "AccountNotFound"},
        {"handled_at": time(6)},
    ):
        order = reserved_before()
        order.steps[0] = order.steps[0]._replace(**changes)
        assert differences(order) == [forged], changes
    order = rejected_order()
    order.steps[0] = order.steps[0]._replace(status="accepted", unchanged=True)
    assert differences(order) == [forged]
    order = reserved_before()
    order.entries.append(order.entries[-1])
    entry(order, 3, version=3)
    assert differences(order) == [("internal event of a saga without cause", "fulfilment o-1@3")]


def test_has_not_handled_that_a_step_changed_nothing_or_is_to_handle_it_again() -> None:
    place = "fulfilment o-1 reserve_funds"
    order = fulfilled(PLACED)
    order.steps[0] = order.steps[0]._replace(unchanged=True)
    (wrong,) = order.wrong()
    assert (wrong.kind, wrong.where) == (FindingKind.REJECTION_MISSING, place)
    assert wrong.explanation.endswith("accepted without a change, never handled")
    order.steps[0] = order.steps[0]._replace(waits=True)
    assert differences(order) == []
    order = reserved_before()
    order.steps[0] = order.steps[0]._replace(waits=True)
    assert differences(order) == [("saga rejection left over", place)]


def test_that_an_earlier_release_has_carried_through_is_right_still() -> None:
    """It waited without a deadline for answers, and counted nothing: at an end there is no difference."""
    for made in (fulfilled, rejected_order, cancelled):
        order = made()
        if made is not fulfilled:
            order.applies(OrderCancelled(order_id="o-1", user_id="ada"))
        assert b"unanswered" not in stored(order).state, "an earlier release reads it too"
        assert order.wrong() == [], made.__name__
