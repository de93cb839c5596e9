"""The saga "account closing": when a user is deleted, the open orders are cancelled. One instance per user.

    new --OrderPlaced--> watch --UserDeleted--> close --all of them confirmed or cancelled--> closed
    watch --all of them confirmed or cancelled--> rest --OrderPlaced--> watch
    rest --UserDeleted--> closed              close --no answer to the last repeat--> stuck

In `watch` it knows of orders that can still be cancelled, and waits for no answer: each order's fulfilment has a
deadline. In `close` it asks for the cancellation of each of them, and of every order that is placed later. When there
is no answer, a person has to look (core/answers.py). What an order holds is given back by its fulfilment, as after any
other cancellation.
"""

from typing import Literal, cast

from contracts.orders.commands import CancelOrder
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced
from contracts.users.events import UserDeleted
from workers.core.answers import ANSWER, Unanswered, answered, is_in_vain, wait_for_answer
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed, Saga, SagaState, Step

Followed = OrderPlaced | OrderConfirmed | OrderCancelled | UserDeleted


class ClosingState(SagaState):
    """`open_orders` are those placed and neither confirmed nor cancelled. `has_begun`: an event has come."""

    has_begun: bool = False
    is_deleted: bool = False
    open_orders: tuple[str, ...] = ()
    unanswered: Unanswered = 0

    @property
    def status(self) -> Literal["new", "watch", "rest", "close", "closed", "stuck"]:
        if not self.has_begun:
            return "new"
        if not self.is_deleted:
            return "watch" if self.open_orders else "rest"
        if not self.open_orders:
            return "closed"
        return "stuck" if is_in_vain(self.unanswered) else "close"


def correlate(recorded: Recorded) -> str:
    return cast(Followed, recorded.event).user_id


def evolve(state: ClosingState, recorded: Recorded) -> ClosingState:
    match recorded.event:
        case OrderPlaced(order_id=order_id) if order_id not in state.open_orders:
            return state.with_facts(has_begun=True, open_orders=(*state.open_orders, order_id), unanswered=0)
        case OrderConfirmed(order_id=order_id) | OrderCancelled(order_id=order_id):
            open_orders = tuple(other for other in state.open_orders if other != order_id)
            return state.with_facts(has_begun=True, open_orders=open_orders)
        case UserDeleted():
            return state.with_facts(has_begun=True, is_deleted=True, unanswered=0)
        case DeadlinePassed(deadline=name) if name == ANSWER and state.status == "close":
            return state.with_facts(has_begun=True, unanswered=state.unanswered + 1)
        case _:
            return state


def decide(state: ClosingState, recorded: Recorded) -> tuple[Consequence, ...]:
    match state.status, recorded.event:
        case "close", UserDeleted() | DeadlinePassed():
            return (*map(_cancel, state.open_orders), wait_for_answer(state.unanswered))
        case "close", OrderPlaced(order_id=order_id):
            return (_cancel(order_id), wait_for_answer(state.unanswered))
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
    idle_statuses=frozenset({"watch"}),
)
