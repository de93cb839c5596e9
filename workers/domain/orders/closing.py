"""The saga "account closing": when a user is deleted, the open orders are cancelled. One instance a user.

    new --OrderPlaced--> watch --UserDeleted--> close --all of them confirmed or cancelled--> closed
    watch --all of them confirmed or cancelled--> rest --OrderPlaced--> watch
    rest --UserDeleted--> closed              close --asked again in vain--> stuck

In `watch` it keeps the orders that can still be cancelled, and waits for nobody: each order's fulfilment has a
deadline. In `close` it asks for the cancellation of each, and of every one that comes after; a person has to look when
nothing comes of that (core/answers.py). What an order holds is given back by its fulfilment, as after any other
cancellation.
"""

from typing import Literal, cast

from contracts.orders.commands import CancelOrder
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced
from contracts.users.events import UserDeleted
from workers.core.answers import ANSWER, AskedAgain, answered, may_ask_again, wait_for_answer
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed, Saga, SagaState, Step

Followed = OrderPlaced | OrderConfirmed | OrderCancelled | UserDeleted


class ClosingState(SagaState):
    """`open_orders` are those placed and neither confirmed nor cancelled; `asked_again`: how many times in vain."""

    status: Literal["new", "watch", "rest", "close", "closed", "stuck"] = "new"
    open_orders: tuple[str, ...] = ()
    asked_again: AskedAgain = 0


def correlate(recorded: Recorded) -> str:
    return cast(Followed, recorded.event).user_id


def evolve(state: ClosingState, recorded: Recorded) -> ClosingState:
    is_closing = state.status in ("close", "closed", "stuck")
    match recorded.event:
        case OrderPlaced(order_id=order_id) if order_id not in state.open_orders:
            return _next(is_closing, (*state.open_orders, order_id))
        case OrderConfirmed(order_id=order_id) | OrderCancelled(order_id=order_id):
            left = tuple(each for each in state.open_orders if each != order_id)
            if left and state.status in ("close", "stuck"):
                return state.model_copy(update={"open_orders": left})
            return _next(is_closing, left)
        case UserDeleted():
            return _next(True, state.open_orders)
        case DeadlinePassed(deadline=name) if name == ANSWER and state.status == "close":
            if may_ask_again(state.asked_again):
                return state.model_copy(update={"asked_again": state.asked_again + 1})
            return state.model_copy(update={"status": "stuck"})
        case _:
            return state


def _next(is_closing: bool, open_orders: tuple[str, ...]) -> ClosingState:
    if not is_closing:
        return ClosingState(status="watch" if open_orders else "rest", open_orders=open_orders)
    return ClosingState(status="close" if open_orders else "closed", open_orders=open_orders)


def decide(state: ClosingState, recorded: Recorded) -> tuple[Consequence, ...]:
    match state.status, recorded.event:
        case "close", UserDeleted() | DeadlinePassed():
            return (*map(_cancel, state.open_orders), wait_for_answer(state.asked_again))
        case "close", OrderPlaced(order_id=order_id):
            return (_cancel(order_id), wait_for_answer(state.asked_again))
        case "closed", OrderConfirmed() | OrderCancelled():
            return (answered(),)
        case _:
            return ()


def _cancel(order_id: str) -> Step:
    return Step("cancel", CancelOrder(order_id=order_id, reason="the account was closed"), order_id)


closing = Saga(
    name="account closing",
    reacts_to=frozenset({OrderPlaced, OrderConfirmed, OrderCancelled, UserDeleted}),
    initial=ClosingState(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    settled_statuses=frozenset({"rest", "closed", "stuck"}),
    watches=frozenset({"watch"}),
)
