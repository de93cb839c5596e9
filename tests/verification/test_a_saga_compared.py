"""A saga instance compared with its journal, without servers: what is not as it was made has a name and a place."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.orders.events import OrderCancelled
from tests.verification.one_order import (
    CONFIRMED,
    FUNDS_RESERVED,
    PLACED,
    STOCK_RESERVED,
    Order,
    fulfilled,
    time,
)
from workers.core.saga import DeadlinePassed, StepRejected
from workers.operations.verification.comparisons.saga_journal import StoredSaga
from workers.operations.verification.findings import FindingKind


def differences(order: Order) -> list[tuple[str, str]]:
    """Kind and place of each finding."""
    return [(difference.kind.value, difference.where) for difference in order.wrong()]


def entry(order: Order, place: int, **changes: object) -> None:
    before = order.entries[place - 1]
    order.entries[place - 1] = before._replace(row=before.row._replace(**changes))  # type: ignore[arg-type]  # by name


def stored(order: Order) -> StoredSaga:
    assert order.stored is not None
    return order.stored


def overdue() -> Order:
    """One whose deadline passed while the stock was asked for."""
    order = fulfilled(PLACED, FUNDS_RESERVED)
    order.passes("confirmation", 62)
    return order


def rejected_order() -> Order:
    """One without an account to pay from."""
    order = fulfilled(PLACED)
    order.is_rejected("reserve_funds", "AccountNotFound", 5)
    return order


def reserved_before() -> Order:
    """An order whose money another client reserved before, exactly as the order asks for it."""
    order = fulfilled(PLACED)
    order.changes_nothing("reserve_funds", 5)
    return order


def cancelled() -> Order:
    order = overdue()
    order.applies(OrderCancelled(order_id="o-1", user_id="ada", reason="the deadline passed"), STOCK_RESERVED)
    return order


@pytest.mark.parametrize(
    "made",
    [fulfilled, overdue, rejected_order, reserved_before, cancelled, lambda: fulfilled(PLACED)],
    ids=lambda made: made.__name__,
)
def test_that_the_workers_have_made_is_right(made: Callable[[], Order]) -> None:
    order = made()
    assert order.wrong() == []
    assert order.steps


def test_lacks_an_entry_in_the_middle_or_at_the_end() -> None:
    order = fulfilled()
    del order.entries[2]
    assert differences(order) == [("gap in a saga journal", "fulfilment o-1@3")]
    order = fulfilled()
    del order.entries[3:]
    assert differences(order) == [("gap in a saga journal", "fulfilment o-1@4-5")]


def test_has_an_entry_too_many() -> None:
    order = fulfilled()
    order.stored = stored(order)._replace(version=4)
    (wrong,) = order.wrong()
    assert wrong == (FindingKind.INSTANCE_DIFFERS, "fulfilment o-1", "its version is 4, its journal leads to 5")


@pytest.mark.parametrize(
    ("changes", "explanation"),
    [
        ({"status": "confirm"}, "its status is 'confirm', its events lead to 'reserve_stock'"),
        ({"event_id": "00000000-0000-5000-8000-00000000f00d"}, "there is no event"),
        ({"recorded_at": time(9)}, "in time from the event payments 1/2"),
        ({"type": "payments.FundsDeclined.v1"}, "in type from the event payments 1/2"),
    ],
)
def test_has_an_entry_that_differs(changes: dict[str, str], explanation: str) -> None:
    order = fulfilled()
    entry(order, 2, **changes)
    (wrong,) = order.wrong()
    assert (wrong.kind, wrong.where) == (FindingKind.JOURNAL_DIFFERS, "fulfilment o-1@2")
    assert explanation in wrong.explanation


def test_applied_an_event_that_is_not_there_or_is_about_another_instance() -> None:
    order = fulfilled()
    order.entries[1] = order.entries[1]._replace(event=None)
    assert differences(order) == [("saga journal differs", "fulfilment o-1@2")]
    order = fulfilled()
    recorded = order.entries[1].event
    assert recorded is not None
    another = recorded._replace(event=FUNDS_RESERVED.model_copy(update={"order_id": "o-2"}))
    order.entries[1] = order.entries[1]._replace(event=another)
    assert order.wrong()[0].explanation == "the event payments 1/2 is not about this instance"


def test_has_handled_a_deadline_that_did_not_wait_or_was_not_due_or_is_anothers() -> None:
    place = ("internal event of a saga without cause", "fulfilment o-1@3")
    for changes in (
        {"data": DeadlinePassed(instance_id="o-1", deadline="another").to_json()},
        {"data": DeadlinePassed(instance_id="o-2", deadline="confirmation").to_json()},
        {"data": b"[]"},
        {"type": "orders.OrderPlaced.v1"},
        {"event_id": "00000000-0000-5000-8000-00000000f00d"},
        {"recorded_at": time(30)},
    ):
        order = overdue()
        entry(order, 3, **changes)
        assert differences(order) == [place], changes
    order = overdue()
    order.entries.append(order.entries[-1])
    entry(order, 4, version=4)
    assert differences(order) == [("internal event of a saga without cause", "fulfilment o-1@4")], (
        "a deadline passes once"
    )


def test_has_handled_a_rejection_of_no_step_or_twice_or_another_one_than_there_was() -> None:
    forged = ("internal event of a saga without cause", "fulfilment o-1@2")
    order = rejected_order()
    data = StepRejected(instance_id="o-1", step="reserve_stock", to="tea", code="AccountNotFound").to_json()
    entry(order, 2, data=data)
    assert differences(order) == [forged]
    order = rejected_order()
    order.entries.append(order.entries[-1])
    entry(order, 3, version=3)
    assert differences(order) == [("internal event of a saga without cause", "fulfilment o-1@3")]
    for changes in ({"status": "accepted"}, {"code": "CurrencyMismatch"}, {"handled_at": time(6)}):
        order = rejected_order()
        order.steps[0] = order.steps[0]._replace(**changes)  # type: ignore[arg-type]  # by name
        assert differences(order) == [forged], changes


def test_has_a_rejection_that_is_lost_or_left_over() -> None:
    place = "fulfilment o-1 reserve_funds"
    order = fulfilled(PLACED)
    lost = order.steps[0]._replace(status="rejected", code="AccountNotFound")
    order.steps[0] = lost
    assert differences(order) == [("saga rejection missing", place)]
    order.steps[0] = lost._replace(waits=True)
    assert differences(order) == []
    order.steps[0] = lost._replace(status="accepted", waits=True)
    assert differences(order) == [("saga rejection left over", place)]
    order = rejected_order()
    order.steps[0] = order.steps[0]._replace(waits=True)
    assert differences(order) == [("saga rejection left over", place)]


@pytest.mark.parametrize("name", ["data", "correlation_id", "caused_at", "stream_id", "actor", "command_type"])
def test_has_a_step_that_differs(name: str) -> None:
    order = fulfilled()
    step = order.steps[1]
    changed = b"{}" if name == "data" else time(8)
    order.steps[1] = step._replace(row=step.row._replace(**{name: changed}))  # type: ignore[arg-type]  # by name
    (wrong,) = order.wrong()
    assert (wrong.kind, wrong.where) == (FindingKind.STEP_DIFFERS, "fulfilment o-1 reserve_stock")
    assert wrong.explanation.endswith(f"in {name.replace('_', ' ')}")


def test_has_a_step_in_another_lane() -> None:
    order = fulfilled()
    order.steps[1] = order.steps[1]._replace(lane=("orders", 0))
    assert order.wrong()[0].explanation.endswith("in lane")


def test_has_a_deadline_that_is_lost_left_over_or_differs() -> None:
    order = fulfilled(PLACED)
    lane, row = order.deadlines.pop("confirmation")
    place = "fulfilment o-1 confirmation"
    assert differences(order) == [("saga deadline missing", place)]
    order.deadlines["confirmation"] = (("payments", 0), row._replace(due_at=time(900)))
    (wrong,) = order.wrong()
    assert wrong == (FindingKind.DEADLINE_DIFFERS, place, "in due at, lane")
    order = fulfilled()
    order.deadlines["confirmation"] = (lane, row)
    assert differences(order) == [("saga deadline left over", place)]


def test_was_stored_before_its_state_had_a_field_that_has_a_default() -> None:
    order = fulfilled()
    before = stored(order)
    order.stored = before._replace(state=before.state.replace(b',"is_shipped":false', b""))
    assert order.stored != before
    assert order.wrong() == []


def test_has_a_state_that_its_saga_cannot_read() -> None:
    order = fulfilled()
    before = stored(order)
    order.stored = before._replace(state=before.state.replace(b'"is_shipped":false', b'"is_shipped":[]'))
    assert order.stored != before
    (wrong,) = order.wrong()
    assert wrong == (FindingKind.INSTANCE_DIFFERS, "fulfilment o-1", "its state cannot be read: is_shipped")


def test_has_a_fact_that_only_a_newer_release_knows() -> None:
    order = fulfilled()
    before = stored(order)
    order.stored = before._replace(state=before.state.replace(b'"is_shipped"', b'"was_weighed":true,"is_shipped"'))
    assert order.stored != before
    assert order.wrong() == []


def test_is_missing_left_over_or_differs_without_its_values() -> None:
    order = fulfilled()
    before = stored(order)
    order.stored = None
    assert differences(order) == [("saga instance missing", "fulfilment o-1")]
    order.stored = before._replace(status="stuck")
    assert differences(order) == [("saga instance differs", "fulfilment o-1")]
    order.stored = before._replace(state=before.state.replace(b"9.00", b"8.00"))
    assert order.wrong()[0].explanation == "in total"
    order.entries, order.steps = [], []
    assert differences(order) == [("saga instance left over", "fulfilment o-1")]


def test_whose_code_raises_is_reported_with_the_entry_and_without_its_values() -> None:
    def evolve(*_: object) -> None:
        raise LookupError("ada")

    order = fulfilled(PLACED, FUNDS_RESERVED, STOCK_RESERVED, CONFIRMED)
    order.saga = replace(order.saga, evolve=evolve)
    (wrong,) = order.wrong()
    assert (wrong.kind, wrong.where) == (FindingKind.CODE_RAISES, "saga fulfilment, o-1, its event 1")
    assert "ada" not in wrong.explanation
