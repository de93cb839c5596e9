"""A finding about a saga names the place and the difference, and none of the saga's values."""

import pytest

from tests.verification.one_order import FUNDS_RESERVED, PLACED, Order, fulfilled, time
from workers.core.saga import DeadlinePassed
from workers.operations.verification.comparisons.saga_consequences import Positions, step_difference
from workers.operations.verification.findings import FindingKind
from workers.ports.verification.steps import ExpectedStep


def rejected_order() -> Order:
    order = fulfilled(PLACED)
    order.is_rejected("reserve_funds", "AccountNotFound", 5)
    return order


def explained(order: Order) -> str:
    (wrong,) = order.wrong()
    return wrong.explanation


def test_all_fields_of_an_instance_that_differ_are_named() -> None:
    order = fulfilled()
    assert order.stored is not None
    state = order.stored.state.replace(b"9.00", b"8.00").replace(b'"EUR"', b'"USD"')
    order.stored = order.stored._replace(state=state, correlation_id="another")
    assert explained(order) == "in currency, total, correlation id"


@pytest.mark.parametrize(("first", "last", "where"), [(1, 2, "2"), (1, 3, "2-3"), (0, 2, "1-2")])
def test_all_entries_that_lack_are_named(first: int, last: int, where: str) -> None:
    order = fulfilled()
    del order.entries[first:last]
    (wrong,) = order.wrong()
    assert (wrong.kind, wrong.where) == (FindingKind.JOURNAL_GAP, f"fulfilment o-1@{where}")


def test_why_a_deadline_cannot_have_passed() -> None:
    def overdue(**changes: object) -> Order:
        order = fulfilled(PLACED, FUNDS_RESERVED)
        order.passes("confirmation", 62)
        order.entries[2] = order.entries[2]._replace(row=order.entries[2].row._replace(**changes))  # type: ignore[arg-type]
        return order

    other = DeadlinePassed(instance_id="o-1", deadline="another").to_json()
    assert explained(overdue(data=other)) == "no deadline 'another' waited then"
    assert explained(overdue(data=b"[]")) == "it is no internal event of a saga"
    assert "the deadline 'confirmation' was due only at" in explained(overdue(recorded_at=time(30)))


def test_what_became_of_a_step_whose_answer_was_handled_wrongly() -> None:
    order = rejected_order()
    step = order.steps[0]
    order.steps[0] = step._replace(status="accepted", code=None)
    command = f"command {step.row.command_id} of the step 'reserve_funds' was"
    assert explained(order) == f"{command} not rejected, and has events"
    order = rejected_order()
    order.steps[0] = order.steps[0]._replace(code="CurrencyMismatch")
    assert explained(order) == f"{command} rejected with CurrencyMismatch at {time(5)}"


def test_a_step_that_is_out_of_order_differs_in_its_position() -> None:
    stored = fulfilled().steps[0]
    expected = ExpectedStep(stored.lane, stored.row)
    assert step_difference(stored, expected, in_order=True) is None
    wrong = step_difference(stored, expected, in_order=False)
    assert wrong is not None
    assert wrong.explanation == f"command {stored.row.command_id}, in position"


def test_steps_are_in_the_order_in_which_they_were_decided() -> None:
    positions, stored = Positions(), fulfilled().steps[0]

    def follows(position: int, **changes: object) -> bool:
        step = stored._replace(**changes)  # type: ignore[arg-type]  # by name
        return positions.follows(step, ExpectedStep(step.lane, step.row._replace(position=position)))

    assert [follows(position) for position in (1, 2, 2, 1, 5)] == [True, True, False, False, True]
    assert follows(1, lane=("orders", 7)), "each lane has its own"
    assert follows(1, lane=("orders", 7), row=stored.row._replace(instance_id="o-2")), "and each instance"
