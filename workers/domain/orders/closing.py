"""The saga "account closing": when a user is deleted, the open orders are cancelled. One instance a user.

    new --OrderPlaced--> watch --UserDeleted--> close --all of them confirmed or cancelled--> closed
    watch --all of them confirmed or cancelled--> rest --OrderPlaced--> watch
    rest --UserDeleted--> closed

In `watch` it keeps the orders that can still be cancelled; in `close` it asks for the cancellation of each, and of
every one that comes after. What an order holds is given back by its fulfilment, as after any other cancellation.
"""

from typing import Literal, cast

from contracts.orders.commands import CancelOrder
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced
from contracts.users.events import UserDeleted
from workers.core.recorded import Recorded
from workers.core.saga import Saga, SagaState, Step

Followed = OrderPlaced | OrderConfirmed | OrderCancelled | UserDeleted


class ClosingState(SagaState):
    """`open_orders` are those placed and neither confirmed nor cancelled."""

    status: Literal["new", "watch", "rest", "close", "closed"] = "new"
    open_orders: tuple[str, ...] = ()


def correlate(recorded: Recorded) -> str:
    return cast(Followed, recorded.event).user_id


def evolve(state: ClosingState, recorded: Recorded) -> ClosingState:
    is_closing = state.status in ("close", "closed")
    match recorded.event:
        case OrderPlaced(order_id=order_id) if order_id not in state.open_orders:
            return _next(is_closing, (*state.open_orders, order_id))
        case OrderConfirmed(order_id=order_id) | OrderCancelled(order_id=order_id):
            return _next(is_closing, tuple(each for each in state.open_orders if each != order_id))
        case UserDeleted():
            return _next(True, state.open_orders)
        case _:
            return state


def _next(is_closing: bool, open_orders: tuple[str, ...]) -> ClosingState:
    if not is_closing:
        return ClosingState(status="watch" if open_orders else "rest", open_orders=open_orders)
    return ClosingState(status="close" if open_orders else "closed", open_orders=open_orders)


def decide(state: ClosingState, recorded: Recorded) -> tuple[Step, ...]:
    if state.status != "close":
        return ()
    match recorded.event:
        case UserDeleted():
            return tuple(_cancel(order_id) for order_id in state.open_orders)
        case OrderPlaced(order_id=order_id):
            return (_cancel(order_id),)
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
    ends=frozenset({"rest", "closed"}),
)
