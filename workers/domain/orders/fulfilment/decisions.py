"""The commands and deadlines that an order's fulfilment asks for: what the event at hand has asked for, worded."""

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from contracts.inventory.commands import ReleaseStock, ReserveStock, ShipStock
from contracts.message import Command
from contracts.orders.commands import CancelOrder, ConfirmOrder
from contracts.orders.events import OrderPlaced
from contracts.payments.commands import CaptureFunds, ReleaseFunds, ReserveFunds
from workers.core.answers import answered, wait_for_answer
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, SetDeadline, Step
from workers.domain.orders.fulfilment.asks import asked_by
from workers.domain.orders.fulfilment.evolution import correlate
from workers.domain.orders.fulfilment.state import SETTLED_STATUSES, Ask, FulfilmentState

DEADLINE = "confirmation"


def decide(state: FulfilmentState, recorded: Recorded) -> tuple[Consequence, ...]:
    """What follows from the event that led to `state`. The reservations and the confirmation share a deadline of their
    own. Whatever else is asked for has one for its answer.
    """
    consequences = tuple(_consequences(state, recorded))
    if state.waits_for_answer:
        return (*consequences, wait_for_answer(state.unanswered)) if consequences else ()
    return (*consequences, answered()) if state.status in SETTLED_STATUSES else consequences


def _consequences(state: FulfilmentState, recorded: Recorded) -> Iterator[Consequence]:
    order_id = correlate(recorded) or recorded.stream_id
    if state.settled_by == recorded.event_id:
        yield ClearDeadline(DEADLINE)
    for ask, first_asked_by in asked_by(state, recorded):
        if ask.step == "reserve_funds" and isinstance(recorded.event, OrderPlaced):
            yield SetDeadline(DEADLINE, state.deadline_seconds)
        yield Step(ask.step, _command(ask, state, order_id), ask.sku, first_asked_by)


def _command(ask: Ask, state: FulfilmentState, order_id: str) -> Command:
    user_id, sku = state.user_id, ask.sku
    match ask.step:
        case "reserve_funds":
            total = Decimal(state.total)
            return ReserveFunds(user_id=user_id, order_id=order_id, amount=total, currency=state.currency)
        case "release_funds":
            return ReleaseFunds(user_id=user_id, order_id=order_id)
        case "capture_funds":
            return CaptureFunds(user_id=user_id, order_id=order_id)
        case "reserve_stock":
            (quantity,) = [goods.quantity for goods in state.goods if goods.sku == sku]
            return ReserveStock(sku=sku, order_id=order_id, quantity=quantity)
        case "release_stock":
            return ReleaseStock(sku=sku, order_id=order_id)
        case "ship_stock":
            return ShipStock(sku=sku, order_id=order_id)
        case "confirm":
            return ConfirmOrder(order_id=order_id)
        case "cancel":
            return CancelOrder(order_id=order_id, reason=state.reason)
        case _:
            assert_never(ask.step)
