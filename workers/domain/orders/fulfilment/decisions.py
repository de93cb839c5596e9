"""The commands and deadlines that an order's fulfilment asks for: each action of its state, worded."""

from decimal import Decimal
from typing import assert_never

from contracts.inventory.commands import ReleaseStock, ReserveStock, ShipStock
from contracts.message import Command
from contracts.orders.commands import CancelOrder, ConfirmOrder
from contracts.payments.commands import CaptureFunds, ReleaseFunds, ReserveFunds
from workers.core.answers import answered, wait_for_answer
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, SetDeadline, Step
from workers.domain.orders.fulfilment.asking import asked_before
from workers.domain.orders.fulfilment.evolution import correlate
from workers.domain.orders.fulfilment.state import ENDS, FulfilmentState, Next

DEADLINE = "confirmation"


def decide(state: FulfilmentState, recorded: Recorded) -> tuple[Consequence, ...]:
    """What follows from the event that led to `state`. Whatever is asked for beside the reservations and the
    confirmation, which share a deadline of their own, has one for its answer.
    """
    order_id = correlate(recorded) or recorded.stream_id
    asked = tuple(_consequence(each, state, order_id, asked_before(state, each, recorded)) for each in state.next)
    if state.waits_for_answer:
        return (*asked, wait_for_answer(state.asked_again)) if asked else ()
    return (*asked, answered()) if state.status in ENDS else asked


def _consequence(each: Next, state: FulfilmentState, order_id: str, asked_by: str | None) -> Consequence:
    match each.action:
        case "set_deadline":
            return SetDeadline(DEADLINE, state.deadline_seconds)
        case "clear_deadline":
            return ClearDeadline(DEADLINE)
        case "reserve_stock" | "release_stock" | "ship_stock":
            return Step(each.action, _about_stock(each, state, order_id), each.sku, asked_by)
        case "reserve_funds" | "release_funds" | "capture_funds":
            return Step(each.action, _about_funds(each, state, order_id), asked_by=asked_by)
        case "confirm":
            return Step("confirm", ConfirmOrder(order_id=order_id))
        case "cancel":
            return Step("cancel", CancelOrder(order_id=order_id, reason=state.reason), asked_by=asked_by)
        case _:
            assert_never(each.action)


def _about_funds(each: Next, state: FulfilmentState, order_id: str) -> Command:
    user_id = state.user_id
    if each.action == "reserve_funds":
        total = Decimal(state.total)
        return ReserveFunds(user_id=user_id, order_id=order_id, amount=total, currency=state.currency)
    if each.action == "release_funds":
        return ReleaseFunds(user_id=user_id, order_id=order_id)
    return CaptureFunds(user_id=user_id, order_id=order_id)


def _about_stock(each: Next, state: FulfilmentState, order_id: str) -> Command:
    if each.action == "reserve_stock":
        (quantity,) = [goods.quantity for goods in state.goods if goods.sku == each.sku]
        return ReserveStock(sku=each.sku, order_id=order_id, quantity=quantity)
    if each.action == "release_stock":
        return ReleaseStock(sku=each.sku, order_id=order_id)
    return ShipStock(sku=each.sku, order_id=order_id)
