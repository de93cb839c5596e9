"""What an event means for the fulfilment of an order. What is not about what the order asks for changes nothing."""

from decimal import Decimal
from typing import assert_never, cast

from contracts.inventory.events import StockDeclined, StockReleased, StockReserved, StockShipped
from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsReleased, FundsReserved
from workers.core.answers import ANSWER
from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, StepRejected, StepUnchanged
from workers.domain.orders.fulfilment import parts
from workers.domain.orders.fulfilment.asking import asks_again, is_outdated, with_asks
from workers.domain.orders.fulfilment.going_on import (
    RESERVING,
    asked_again,
    begun,
    cancelled,
    confirmed,
    excess_gone,
    given_up,
    gone_on,
    in_excess,
    made_final,
    paid,
    shipped,
    stuck,
    undone,
    updated,
    with_goods,
)
from workers.domain.orders.fulfilment.state import MONEY, FulfilmentState, Next, Part

OrderSays = OrderPlaced | OrderConfirmed | OrderCancelled | OrderShipped
FundsSay = FundsReserved | FundsDeclined | FundsReleased | FundsCaptured
StockSays = StockReserved | StockDeclined | StockReleased | StockShipped

FOLLOWED: frozenset[type[Event]] = frozenset(
    {
        OrderPlaced,
        OrderConfirmed,
        OrderCancelled,
        OrderShipped,
        FundsReserved,
        FundsDeclined,
        FundsReleased,
        FundsCaptured,
        StockReserved,
        StockDeclined,
        StockReleased,
        StockShipped,
    }
)

OVERDUE = "the deadline passed"
NOTHING_THERE = frozenset({"ReservationNotFound", "AccountNotFound"})
"""Why a release is refused that has nothing to release."""
INVALID_TRANSITION = "InvalidTransition"
"""Why a cancellation is refused to an order that was confirmed before."""


def correlate(recorded: Recorded) -> str | None:
    """The order that an event is about. Deposits and receipts are about none, and are not followed."""
    return cast(str, getattr(recorded.event, "order_id", None))


def evolve(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """The state after one more event."""
    if is_outdated(state, recorded.event):
        return updated(state, next=())
    after = gone_on(_noted(updated(state, next=()), recorded.event))
    # What is asked for now, and not once more, is waited for with all patience.
    is_new = after.status != state.status or (after.next and not asks_again(recorded.event))
    return with_asks(updated(after, asked_again=0) if is_new else after, recorded)


def _noted(state: FulfilmentState, event: Event) -> FulfilmentState:
    match event:
        case OrderPlaced() | OrderConfirmed() | OrderCancelled() | OrderShipped():
            return _order(state, event)
        case FundsReserved() | FundsDeclined() | FundsReleased() | FundsCaptured():
            return _funds(state, event)
        case StockReserved() | StockDeclined() | StockReleased() | StockShipped():
            return _stock(state, event)
        case DeadlinePassed(deadline=deadline):
            return asked_again(state) if deadline == ANSWER else _overdue(state)
        case StepRejected():
            return _refused(state, event)
        case StepUnchanged():
            return _unchanged(state, event)
        case _:
            return state


def _order(state: FulfilmentState, event: OrderSays) -> FulfilmentState:
    match event:
        case OrderPlaced():
            return begun(event) if state.status == "new" else state
        case OrderConfirmed():
            return confirmed(state)
        case OrderCancelled():
            return cancelled(state, event.reason)
        case OrderShipped():
            return shipped(state)
        case _:
            assert_never(event)


def _funds(state: FulfilmentState, event: FundsSay) -> FulfilmentState:
    if state.status == "new":
        # The order may come yet, or never. It will not believe this: it asks for itself.
        return updated(state, funds=_BEFORE[type(event)])
    if event.user_id != state.user_id:
        return state
    before = state.funds
    fits = (event.amount, event.currency) == (Decimal(state.total), state.currency)
    match event:
        case FundsReserved() if before == "captured":
            return in_excess(state, MONEY)
        case FundsReleased() | FundsCaptured() if before == "captured":
            return excess_gone(state, MONEY)
        case FundsReserved():
            after = updated(state, funds=parts.reserved(before, fits=fits))
            return _there_again(after, before, after.funds)
        case FundsDeclined():
            after = updated(state, funds=parts.declined(before, fits=fits))
            return after if after.funds == before else undone(after, f"funds declined: {event.reason}")
        case FundsReleased():
            after = updated(state, funds=parts.released(before))
            return _lost(after, before, after.funds, "the funds were released by somebody else")
        case FundsCaptured():
            after = updated(state, funds=parts.taken(before, fits=fits, by="captured"))
            return paid(after) if after.funds != before and after.funds == "captured" else after
        case _:
            assert_never(event)


_BEFORE: dict[type[FundsSay], Part] = {
    FundsReserved: "reserved",
    FundsDeclined: "declined",
    FundsReleased: "released",
    FundsCaptured: "captured",
}


def _stock(state: FulfilmentState, event: StockSays) -> FulfilmentState:
    sku, found = event.sku, [each for each in state.goods if each.sku == event.sku]
    if not found:
        return state
    (goods,) = found
    before, fits = goods.part, goods.quantity == event.quantity
    match event:
        case StockReserved() if before == "shipped":
            return in_excess(state, sku)
        case StockReleased() | StockShipped() if before == "shipped":
            return excess_gone(state, sku)
        case StockReserved():
            part = parts.reserved(before, fits=fits)
            return _there_again(with_goods(state, sku, part), before, part)
        case StockDeclined():
            part = parts.declined(before, fits=fits)
            after = with_goods(state, sku, part)
            return after if part == before else undone(after, f"stock of {sku} declined: {event.reason}")
        case StockReleased():
            part = parts.released(before)
            reason = f"the stock of {sku} was released by somebody else"
            return _lost(with_goods(state, sku, part), before, part, reason)
        case StockShipped():
            return with_goods(state, sku, parts.taken(before, fits=fits, by="shipped"))
        case _:
            assert_never(event)


def _lost(state: FulfilmentState, before: Part, after: Part, reason: str) -> FulfilmentState:
    """Something that the order had, and did not give back, is gone: then it cannot be had, or a person has to look."""
    return given_up(state, reason) if (before, after) == ("reserved", "released") else state


def _there_again(state: FulfilmentState, before: Part, after: Part) -> FulfilmentState:
    """What was lost is there again, as somebody has looked: so a confirmed order goes on."""
    is_mended = state.status == "stuck" and state.is_confirmed and state.is_all_there
    return made_final(state) if (before, after) == ("released", "reserved") and is_mended else state


def _overdue(state: FulfilmentState) -> FulfilmentState:
    """When the confirmation is under way, the order's stream decides whether it or the cancellation comes first."""
    return given_up(state, OVERDUE) if state.status in (*RESERVING, "confirm") else state


def _refused(state: FulfilmentState, event: StepRejected) -> FulfilmentState:
    """A command of ours was not accepted: as if it had been declined, or what it was to do had been done. Where neither
    is true, as a context has failed, a person has to look.
    """
    match event.step:
        case "reserve_funds":
            after = updated(state, funds=parts.refused(state.funds, event.code))
            return after if after.funds == state.funds else undone(after, f"funds declined: {event.code}")
        case "reserve_stock":
            part = _part(state, event.to)
            after = with_goods(state, event.to, parts.refused(part, event.code))
            return after if after == state else undone(after, f"stock of {event.to} declined: {event.code}")
        case "release_funds" if MONEY in state.excess and event.code in NOTHING_THERE:
            return excess_gone(state, MONEY)
        case "release_stock" if event.to in state.excess and event.code in NOTHING_THERE:
            return excess_gone(state, event.to)
        case "release_funds" if state.funds == "asked back":
            return updated(state, funds="released") if event.code in NOTHING_THERE else stuck(state)
        case "release_stock" if _part(state, event.to) == "asked back":
            return with_goods(state, event.to, "released") if event.code in NOTHING_THERE else stuck(state)
        case "cancel" if state.status == "compensate" and not state.is_cancelled:
            return stuck(state)
        case "cancel" if state.status == "confirm" and event.code != INVALID_TRANSITION:
            return stuck(state)
        case "capture_funds" if state.funds != "captured":
            return stuck(state)
        case _:
            # A confirmation is refused to a cancelled order, and a cancellation to a confirmed one: the order's own
            # events say so. Goods that could not be shipped wait in `ship_stock`, and are asked for again.
            return state


def _unchanged(state: FulfilmentState, event: StepUnchanged) -> FulfilmentState:
    """A command of ours was accepted, and what it asks for was so before."""
    wanted = not state.is_given_up
    match event.step:
        case "reserve_funds":
            part = parts.unchanged(state.funds, wanted=wanted)
            return updated(state, funds=part, next=(Next("reserve_funds"),) if part == "asked" else ())
        case "reserve_stock":
            part = parts.unchanged(_part(state, event.to), wanted=wanted)
            again = (Next("reserve_stock", event.to),) if part == "asked" else ()
            return updated(with_goods(state, event.to, part), next=again)
        case "confirm":
            return confirmed(state)
        case "cancel":
            return cancelled(state, state.reason)
        case _:
            return state


def _part(state: FulfilmentState, sku: str) -> Part:
    return next((each.part for each in state.goods if each.sku == sku), "not asked")
