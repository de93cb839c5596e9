"""The saga "account closing": when a user is deleted, the open orders are cancelled."""

from contracts.orders.commands import CancelOrder
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced
from contracts.orders.examples import ADAS_ORDER_PLACED
from contracts.users.examples import ADA_DELETED, USER_ID
from workers.core.answers import ANSWER, MAX_REPEATS
from workers.core.saga import Step
from workers.domain.orders.closing import closing
from workers.testing.processes import following, passed
from workers.testing.scenarios import recorded


def placed(order_id: str) -> OrderPlaced:
    return ADAS_ORDER_PLACED.model_copy(update={"order_id": order_id})


def confirmed(order_id: str) -> OrderConfirmed:
    return OrderConfirmed(order_id=order_id, user_id=USER_ID)


def cancelled(order_id: str) -> OrderCancelled:
    return OrderCancelled(order_id=order_id, user_id=USER_ID)


def cancel(order_id: str) -> CancelOrder:
    return CancelOrder(order_id=order_id, reason="the account was closed")


def test_watches_the_orders_and_asks_for_nothing_as_long_as_the_user_is_there() -> None:
    watching = following(closing).when(placed("a"), placed("b"), confirmed("a"), cancelled("b"))
    watching.then_nothing().leaving("rest")
    following(closing, placed("a"), placed("b")).when(confirmed("a")).then_nothing().leaving("watch")


def test_cancels_each_open_order_of_a_deleted_user_and_no_other() -> None:
    history = (placed("a"), placed("b"), confirmed("a"), placed("c"), placed("d"), cancelled("c"))
    following(closing, *history).when(ADA_DELETED).then(cancel("b"), cancel("d")).leaving("close")


def test_is_closed_when_the_last_of_them_is_cancelled_or_was_confirmed_first() -> None:
    history = (placed("a"), placed("b"), ADA_DELETED)
    following(closing, *history).when(cancelled("b")).then_nothing().leaving("close")
    following(closing, *history, cancelled("b")).when(confirmed("a")).then_nothing().leaving("closed")


def test_is_closed_at_once_when_there_is_none() -> None:
    following(closing).when(ADA_DELETED).then_nothing().leaving("closed")
    following(closing, placed("a"), confirmed("a")).when(ADA_DELETED).then_nothing().leaving("closed")


def test_cancels_an_order_that_is_placed_after_the_deletion() -> None:
    late = following(closing, placed("a"), ADA_DELETED).when(placed("b"))
    late.then(cancel("b")).leaving("close")
    reopened = following(closing, ADA_DELETED).when(placed("b"))
    reopened.then(cancel("b")).leaving("close")
    following(closing, ADA_DELETED, placed("b")).when(cancelled("b")).then_nothing().leaving("closed")


def test_asks_again_when_nothing_comes_of_it_and_is_stuck_in_the_end_until_something_does() -> None:
    no_answer = passed(USER_ID, ANSWER)
    history = (placed("a"), placed("b"), ADA_DELETED)
    following(closing, *history[:-1]).when(ADA_DELETED).waiting_for_answer(60)
    for again in range(MAX_REPEATS):
        late = following(closing, *history, *[no_answer] * again).when(no_answer)
        late.then(cancel("a"), cancel("b")).waiting_for_answer(60 * 2 ** (again + 1)).leaving("close")
    following(closing, *history, cancelled("a"), no_answer).when(no_answer).then(cancel("b"))
    in_vain = (*history, *[no_answer] * MAX_REPEATS)
    following(closing, *in_vain).when(no_answer).then_nothing().leaving("stuck")
    following(closing, *in_vain, no_answer).when(cancelled("a")).then_nothing().leaving("stuck")
    following(closing, *in_vain, no_answer).when(placed("c")).then(cancel("c")).waiting_for_answer(60).leaving("close")
    closed = following(closing, *in_vain, no_answer, cancelled("a")).when(confirmed("b"))
    closed.waiting_for_no_answer().leaving("closed")


def test_has_no_less_patience_with_the_rest_of_the_orders_when_one_of_them_is_answered() -> None:
    no_answer = passed(USER_ID, ANSWER)
    history = (placed("a"), placed("b"), ADA_DELETED, no_answer, cancelled("a"))
    following(closing, *history).when(no_answer).then(cancel("b")).waiting_for_answer(240)


def test_handles_no_deadline_that_it_does_not_wait_for() -> None:
    for history, deadline in (((placed("a"),), ANSWER), ((placed("a"), ADA_DELETED), "another")):
        state = closing.initial
        for event in recorded(*history):
            state = closing.evolve(state, event)
        (late,) = recorded(passed(USER_ID, deadline))
        assert closing.evolve(state, late) == state


def test_calls_its_steps_as_it_always_has_so_that_a_repeat_has_the_same_command_id() -> None:
    asked = following(closing, placed("a"), placed("b")).when(ADA_DELETED)
    assert [consequence[::2] for consequence in asked.consequences if isinstance(consequence, Step)] == [
        ("cancel", "a"),
        ("cancel", "b"),
    ]


def test_leaves_the_orders_of_others_alone() -> None:
    other = placed("b").model_copy(update={"user_id": "somebody"})
    assert {closing.correlate(event) for event in recorded(placed("a"), other)} == {USER_ID, "somebody"}
    following(closing, placed("a")).when(confirmed("b"), cancelled("c")).then_nothing().leaving("watch")
