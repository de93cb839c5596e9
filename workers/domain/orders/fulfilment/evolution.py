"""What an event means for the fulfilment of an order. What is not about what the order asks for changes nothing."""

from decimal import Decimal
from typing import assert_never, cast

from contracts.inventory.events import StockDeclined, StockReleased, StockReserved, StockShipped
from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsReleased, FundsReserved
from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, StepRejected, StepUnchanged
from workers.domain.orders.fulfilment import parts
from workers.domain.orders.fulfilment.asks import (
    asked,
    asked_by,
    is_answer_overdue,
    is_outdated,
    without_answered,
    without_settled,
)
from workers.domain.orders.fulfilment.progress import (
    begun,
    cancelled,
    confirmed,
    excess_gone,
    given_up,
    gone_on,
    in_excess,
    made_final,
    paid,
    repeated,
    shipped,
    stuck,
    undone,
    with_goods,
)
from workers.domain.orders.fulfilment.state import MONEY, RESERVING, Ask, FulfilmentState, Part

OrderEvents = OrderPlaced | OrderConfirmed | OrderCancelled | OrderShipped
FundsEvents = FundsReserved | FundsDeclined | FundsReleased | FundsCaptured
StockEvents = StockReserved | StockDeclined | StockReleased | StockShipped

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
"""Why a release is rejected that has nothing to release."""
INVALID_TRANSITION = "InvalidTransition"
"""Why a cancellation is rejected by an order that was confirmed before."""


def correlate(recorded: Recorded) -> str | None:
    """The order that an event is about. Deposits and receipts are about none, and are not followed."""
    return cast(str, getattr(recorded.event, "order_id", None))


def evolve(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """The state after one more event."""
    if is_outdated(state, recorded.event):
        return state
    noted = _noted(without_answered(state, recorded.event), recorded)
    after = without_settled(gone_on(state, noted, recorded))
    if not after.unanswered:
        return after
    # What is asked for now, and not once more, is waited for with all patience.
    is_new = bool(asked_by(after, recorded)) and not is_answer_overdue(recorded.event)
    has_moved = after.status != state.status or after.settled_by != state.settled_by
    return after.with_facts(unanswered=0) if is_new or has_moved else after


def _noted(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    match recorded.event:
        case OrderPlaced() | OrderConfirmed() | OrderCancelled() | OrderShipped() as event:
            return _order(state, event, recorded)
        case FundsReserved() | FundsDeclined() | FundsReleased() | FundsCaptured() as event:
            return _funds(state, event, recorded)
        case StockReserved() | StockDeclined() | StockReleased() | StockShipped() as event:
            return _stock(state, event, recorded)
        case DeadlinePassed() as event:
            return repeated(state, recorded) if is_answer_overdue(event) else _overdue(state, recorded)
        case StepRejected() as event:
            return _rejected(state, event, recorded)
        case StepUnchanged() as event:
            return _unchanged(state, event, recorded)
        case _:
            return state


def _order(state: FulfilmentState, event: OrderEvents, recorded: Recorded) -> FulfilmentState:
    match event:
        case OrderPlaced():
            return begun(event, recorded) if state.status == "new" else state
        case OrderConfirmed():
            return confirmed(state, recorded)
        case OrderCancelled():
            return cancelled(state, event.reason, recorded)
        case OrderShipped():
            return shipped(state, recorded)
        case _:
            assert_never(event)


def _funds(state: FulfilmentState, event: FundsEvents, recorded: Recorded) -> FulfilmentState:
    if state.status == "new":
        # The order may come yet, or never. It will not believe this: it asks for itself.
        return state.with_facts(funds=_BEFORE[type(event)])
    if event.user_id != state.user_id:
        return state
    before = state.funds
    fits = (event.amount, event.currency) == (Decimal(state.total), state.currency)
    match event:
        case FundsReserved() if before == "captured":
            return in_excess(state, MONEY, recorded)
        case FundsReleased() | FundsCaptured() if before == "captured":
            return excess_gone(state, MONEY, recorded)
        case FundsReserved():
            after = state.with_facts(funds=parts.reserved(before, fits=fits))
            return _there_again(after, before, after.funds, recorded)
        case FundsDeclined():
            after = state.with_facts(funds=parts.declined(before, fits=fits))
            return after if after.funds == before else undone(after, f"funds declined: {event.reason}", recorded)
        case FundsReleased():
            after = state.with_facts(funds=parts.released(before))
            return _lost(after, before, after.funds, "the funds were released by somebody else", recorded)
        case FundsCaptured():
            after = state.with_facts(funds=parts.taken(before, fits=fits, by="captured"))
            return paid(after, recorded) if after.funds != before and after.funds == "captured" else after
        case _:
            assert_never(event)


_BEFORE: dict[type[FundsEvents], Part] = {
    FundsReserved: "reserved",
    FundsDeclined: "declined",
    FundsReleased: "released",
    FundsCaptured: "captured",
}


def _stock(state: FulfilmentState, event: StockEvents, recorded: Recorded) -> FulfilmentState:
    sku = event.sku
    goods = next((goods for goods in state.goods if goods.sku == sku), None)
    if goods is None:
        return state
    before, fits = goods.part, goods.quantity == event.quantity
    match event:
        case StockReserved() if before == "shipped":
            return in_excess(state, sku, recorded)
        case StockReleased() | StockShipped() if before == "shipped":
            return excess_gone(state, sku, recorded)
        case StockReserved():
            part = parts.reserved(before, fits=fits)
            return _there_again(with_goods(state, sku, part), before, part, recorded)
        case StockDeclined():
            part = parts.declined(before, fits=fits)
            after = with_goods(state, sku, part)
            return after if part == before else undone(after, f"stock of {sku} declined: {event.reason}", recorded)
        case StockReleased():
            part = parts.released(before)
            reason = f"the stock of {sku} was released by somebody else"
            return _lost(with_goods(state, sku, part), before, part, reason, recorded)
        case StockShipped():
            return with_goods(state, sku, parts.taken(before, fits=fits, by="shipped"))
        case _:
            assert_never(event)


def _lost(state: FulfilmentState, before: Part, after: Part, reason: str, recorded: Recorded) -> FulfilmentState:
    """Something that the order had, and did not give back, is gone: then it cannot be had, or a person has to look."""
    return given_up(state, reason, recorded) if (before, after) == ("reserved", "released") else state


def _there_again(state: FulfilmentState, before: Part, after: Part, recorded: Recorded) -> FulfilmentState:
    """What was lost is there again, as somebody has looked: so a confirmed order goes on."""
    is_repaired = state.is_stuck and state.is_confirmed and state.is_all_there
    return made_final(state, recorded) if (before, after) == ("released", "reserved") and is_repaired else state


def _overdue(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """When the confirmation is under way, the order's stream decides whether it or the cancellation comes first."""
    is_open = state.status in RESERVING or state.status == "confirm"
    return given_up(state, OVERDUE, recorded) if is_open else state


def _rejected(state: FulfilmentState, event: StepRejected, recorded: Recorded) -> FulfilmentState:
    """A command of ours was not accepted: as if it had been declined, or what it was to do had been done. Where neither
    is true, as a context has failed, a person has to look.
    """
    match event.step:
        case "reserve_funds":
            after = state.with_facts(funds=parts.rejected(state.funds, event.code))
            return after if after.funds == state.funds else undone(after, f"funds declined: {event.code}", recorded)
        case "reserve_stock":
            part = state.part_of(event.to)
            after = with_goods(state, event.to, parts.rejected(part, event.code))
            return after if after == state else undone(after, f"stock of {event.to} declined: {event.code}", recorded)
        case "release_funds" if MONEY in state.excess and event.code in NOTHING_THERE:
            return excess_gone(state, MONEY, recorded)
        case "release_stock" if event.to in state.excess and event.code in NOTHING_THERE:
            return excess_gone(state, event.to, recorded)
        case "release_funds" if state.funds == "asked back":
            return state.with_facts(funds="released") if event.code in NOTHING_THERE else stuck(state)
        case "release_stock" if state.part_of(event.to) == "asked back":
            return with_goods(state, event.to, "released") if event.code in NOTHING_THERE else stuck(state)
        case "cancel" if state.status == "compensate" and not state.is_cancelled:
            return stuck(state)
        case "cancel" if state.status == "confirm" and event.code != INVALID_TRANSITION:
            return stuck(state)
        case "capture_funds" if state.funds != "captured":
            return stuck(state)
        case _:
            # A cancelled order rejects its confirmation, and a confirmed one its cancellation: the order's own events
            # say so. Goods that could not be shipped wait in `ship_stock`, and are asked for again.
            return state


def _unchanged(state: FulfilmentState, event: StepUnchanged, recorded: Recorded) -> FulfilmentState:
    """A command of ours was accepted, and what it asks for was so before."""
    is_wanted = not state.is_given_up
    match event.step:
        case "reserve_funds":
            after = state.with_facts(funds=parts.unchanged(state.funds, wanted=is_wanted))
            return asked(after, recorded, [Ask("reserve_funds")]) if after.funds == "asked" else after
        case "reserve_stock":
            part = parts.unchanged(state.part_of(event.to), wanted=is_wanted)
            after = with_goods(state, event.to, part)
            return asked(after, recorded, [Ask("reserve_stock", event.to)]) if part == "asked" else after
        case "confirm":
            return confirmed(state, recorded)
        case "cancel":
            return cancelled(state, state.reason, recorded)
        case _:
            return state
