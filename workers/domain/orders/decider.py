"""The orders write side. The table in `states` says which command leads to which event in which state; these functions
say what the events carry.

The total of an order is computed from its lines and never taken from the caller. The decider does not know whether an
order is paid for and in stock: the order waits, as `placed`, for a ConfirmOrder or a CancelOrder. The first one wins.
"""

from decimal import Decimal
from typing import Any, NamedTuple, assert_never

from contracts.money import EXACT, in_cents
from contracts.orders.commands import CancelOrder, ConfirmOrder, DeliverOrder, OrderCommand, PlaceOrder, ShipOrder
from contracts.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderShipped,
)
from contracts.orders.lines import OrderLine
from workers.core.decider import QUIET, Decider, Decision, Rejection
from workers.domain.orders import states
from workers.domain.orders.states import Code, Status


class OrderState(NamedTuple):
    """What decisions need to know of one order. Every event carries the user's id."""

    status: Status = "unborn"
    user_id: str = ""


def total(lines: tuple[OrderLine, ...]) -> Decimal:
    """The sum of quantity times unit price, exactly."""
    sum_so_far = Decimal(0)
    for line in lines:
        sum_so_far = EXACT.fma(line.unit_price, line.quantity, sum_so_far)
    return in_cents(sum_so_far)


def place(_: OrderState, command: PlaceOrder) -> Decision | Rejection:
    if not command.lines:
        return Rejection("EmptyOrder", f"The order {command.order_id} has no lines; an order needs at least one.")
    deadline = _given("confirm_within_seconds", command.confirm_within_seconds)
    return Decision(
        events=(
            OrderPlaced(
                order_id=command.order_id,
                user_id=command.user_id,
                lines=command.lines,
                currency=command.currency,
                total=total(command.lines),
                **deadline,
            ),
        )
    )


def confirm(state: OrderState, command: ConfirmOrder) -> Decision:
    return Decision(events=(OrderConfirmed.model_construct(order_id=command.order_id, user_id=state.user_id),))


def cancel(state: OrderState, command: CancelOrder) -> Decision:
    reason = _given("reason", command.reason)
    return Decision(
        events=(OrderCancelled.model_construct(order_id=command.order_id, user_id=state.user_id, **reason),)
    )


def ship(state: OrderState, command: ShipOrder) -> Decision:
    tracking = _given("tracking", command.tracking)
    return Decision(
        events=(OrderShipped.model_construct(order_id=command.order_id, user_id=state.user_id, **tracking),)
    )


def deliver(state: OrderState, command: DeliverOrder) -> Decision:
    return Decision(events=(OrderDelivered.model_construct(order_id=command.order_id, user_id=state.user_id),))


def decide(state: OrderState, command: OrderCommand) -> Decision | Rejection:
    match states.TABLE[state.status, type(command)]:
        case "quiet":
            return QUIET
        case str(code):
            return _rejection(code, state, command)
    match command:
        case PlaceOrder():
            return place(state, command)
        case ConfirmOrder():
            return confirm(state, command)
        case CancelOrder():
            return cancel(state, command)
        case ShipOrder():
            return ship(state, command)
        case DeliverOrder():
            return deliver(state, command)
        case _:
            assert_never(command)


def evolve(state: OrderState, event: OrderEvent) -> OrderState:
    """Every event leads to the state that the table's other half names."""
    return OrderState(states.STATUS_AFTER[type(event)], event.user_id)


def _given(field: str, value: str | int | None) -> dict[str, Any]:
    return {} if value is None else {field: value}


def _rejection(code: Code, state: OrderState, command: OrderCommand) -> Rejection:
    match code:
        case "OrderAlreadyExists":
            return Rejection(code, f"The order id {command.order_id} is already in use.")
        case "OrderNotFound":
            return Rejection(code, f"There is no order {command.order_id}.")
        case "InvalidTransition":
            return Rejection(
                code,
                f"{command.name} cannot be done: the order {command.order_id} is {state.status}.",
                {"status": state.status, "command": command.name},
            )
        case _:
            assert_never(code)


decider = Decider(OrderState(), decide, evolve)
