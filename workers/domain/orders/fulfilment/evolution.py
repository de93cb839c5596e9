"""What an event means for the fulfilment of an order. What does not fit changes nothing."""

from typing import Any, assert_never, cast

from contracts.inventory.events import StockDeclined, StockReleased, StockReserved, StockShipped
from contracts.message import Event
from contracts.money import written
from contracts.orders.events import OrderCancelled, OrderConfirmed, OrderPlaced, OrderShipped
from contracts.orders.lines import DEFAULT_DEADLINE_SECONDS
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsReleased, FundsReserved
from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, StepRefused
from workers.domain.orders.fulfilment.state import SETTLED, FulfilmentState, Goods, Next, Part

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

RESERVING = ("reserve_funds", "reserve_stock")


def correlate(recorded: Recorded) -> str | None:
    """The order that an event is about. Deposits and receipts are about none, and are not followed."""
    return cast(str, getattr(recorded.event, "order_id", None))


def evolve(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """The state after one more event."""
    return _gone_on(_noted(_with(state, next=()), recorded.event))


def _noted(state: FulfilmentState, event: Event) -> FulfilmentState:
    match event:
        case OrderPlaced() | OrderConfirmed() | OrderCancelled() | OrderShipped():
            return _order(state, event)
        case FundsReserved() | FundsDeclined() | FundsReleased() | FundsCaptured():
            return _funds(state, event)
        case StockReserved() | StockDeclined() | StockReleased() | StockShipped():
            return _stock(state, event)
        case DeadlinePassed():
            return _overdue(state)
        case StepRefused():
            return _refused(state, event)
        case _:
            return state


def _order(state: FulfilmentState, event: OrderSays) -> FulfilmentState:
    match event:
        case OrderPlaced():
            return _begun(event) if state.status == "new" else state
        case OrderConfirmed():
            return _confirmed(state)
        case OrderCancelled():
            return _cancelled(state, event.reason)
        case OrderShipped():
            return _shipped(state)
        case _:
            assert_never(event)


def _funds(state: FulfilmentState, event: FundsSay) -> FulfilmentState:
    match event:
        case FundsReserved():
            return _with(state, funds="reserved")
        case FundsDeclined():
            return _undone(_with(state, funds="declined"), f"funds declined: {event.reason}")
        case FundsReleased():
            return _with(state, funds="released")
        case FundsCaptured():
            return _with(state, funds="captured")
        case _:
            assert_never(event)


def _stock(state: FulfilmentState, event: StockSays) -> FulfilmentState:
    match event:
        case StockReserved():
            return _goods(state, event.sku, "reserved")
        case StockDeclined():
            return _undone(_goods(state, event.sku, "declined"), f"stock of {event.sku} declined: {event.reason}")
        case StockReleased():
            return _goods(state, event.sku, "released")
        case StockShipped():
            return _goods(state, event.sku, "shipped")
        case _:
            assert_never(event)


def _begun(event: OrderPlaced) -> FulfilmentState:
    pieces: dict[str, int] = {}
    for line in event.lines:
        pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
    return FulfilmentState(
        status="reserve_funds",
        user_id=event.user_id,
        total=written(event.total),
        currency=event.currency,
        deadline_seconds=event.confirm_within_seconds or DEFAULT_DEADLINE_SECONDS,
        funds="asked",
        goods=tuple(Goods(sku, quantity) for sku, quantity in pieces.items()),
        next=(Next("set_deadline"), Next("reserve_funds")),
    )


def _confirmed(state: FulfilmentState) -> FulfilmentState:
    """Ours, as a rule. Somebody else's counts too: then there is nothing left to confirm once all is reserved."""
    confirmed = _with(state, is_confirmed=True)
    # Stuck for want of an answer, nothing given up: the answer has come.
    was_awaited = state.status == "stuck" and state.reason is None and not state.is_confirmed
    return _captured(confirmed) if state.status == "confirm" or was_awaited else confirmed


def _captured(state: FulfilmentState) -> FulfilmentState:
    captured = _with(state, status="capture_funds", reason=None, next=(Next("clear_deadline"), Next("capture_funds")))
    return _shipped(captured) if state.is_shipped else captured


def _shipped(state: FulfilmentState) -> FulfilmentState:
    """Somebody may ship what somebody else has confirmed before it is reserved: then it leaves when it is."""
    if state.status not in ("capture_funds", "completed"):
        return _with(state, is_shipped=True)
    ship = tuple(Next("ship_stock", each.sku) for each in state.goods)
    return _with(state, status="ship_stock", is_shipped=True, next=(*state.next, *ship))


def _cancelled(state: FulfilmentState, reason: str | None) -> FulfilmentState:
    if state.status in (*RESERVING, "confirm"):
        clear = (Next("clear_deadline"),)
        return _with(state, status="compensate", is_cancelled=True, reason=reason, next=clear)
    return _with(state, is_cancelled=True)


def _undone(state: FulfilmentState, reason: str) -> FulfilmentState:
    """Begin to give everything back, if it is not too late for that."""
    if state.status not in RESERVING:
        return state
    return _with(state, status="compensate", reason=reason, next=(Next("clear_deadline"), Next("cancel")))


def _overdue(state: FulfilmentState) -> FulfilmentState:
    """When the confirmation is under way, the order's stream decides whether it or the cancellation comes first."""
    if state.status == "confirm":
        return _with(state, reason=OVERDUE, next=(Next("cancel"),))
    return _undone(state, OVERDUE)


def _refused(state: FulfilmentState, event: StepRefused) -> FulfilmentState:
    """A command of ours was not accepted: as if it had been declined, or what it was to do had been done. Where neither
    is true, as a context has failed, a person has to look.
    """
    match event.step:
        case "reserve_funds":
            return _undone(_with(state, funds="declined"), f"funds declined: {event.code}")
        case "reserve_stock":
            return _undone(_goods(state, event.to, "declined"), f"stock of {event.to} declined: {event.code}")
        case "release_funds" if event.code in NOTHING_THERE:
            return _with(state, funds="released")
        case "release_stock" if event.code in NOTHING_THERE:
            return _goods(state, event.to, "released")
        case "release_funds" | "release_stock":
            return _with(state, status="stuck")
        case "cancel" if state.status == "compensate" and not state.is_cancelled:
            return _with(state, status="stuck")
        case "cancel" if state.status == "confirm" and event.code != INVALID_TRANSITION:
            # It may be confirmed yet: so what is reserved stays reserved.
            return _with(state, status="stuck", reason=None)
        case "capture_funds":
            return _with(state, status="stuck")
        case _:
            # A confirmation is refused to a cancelled order, and a cancellation to a confirmed one: the order's own
            # events say so. Goods that could not be shipped wait in `ship_stock` for a person.
            return state


def _gone_on(state: FulfilmentState) -> FulfilmentState:
    """Go on to what is next, as soon as all that this waits for is there."""
    parts = {each.part for each in state.goods}
    if state.status == "reserve_funds" and state.funds == "reserved":
        goods = tuple(each._replace(part="asked") for each in state.goods)
        asked = tuple(Next("reserve_stock", each.sku) for each in goods)
        return _with(state, status="reserve_stock", goods=goods, next=asked)
    if state.status == "reserve_stock" and parts == {"reserved"}:
        return _captured(state) if state.is_confirmed else _with(state, status="confirm", next=(Next("confirm"),))
    if state.status in ("capture_funds", "stuck") and state.funds == "captured":
        completed = _with(state, status="completed")
        return _shipped(completed) if state.is_shipped else completed
    if state.status == "ship_stock" and state.funds == "captured" and parts == {"shipped"}:
        return _with(state, status="shipped")
    is_given_up = state.is_cancelled or state.reason is not None
    if state.status in ("compensate", "cancelled") or (state.status == "stuck" and is_given_up):
        return _given_back(state)
    return state


def _given_back(state: FulfilmentState) -> FulfilmentState:
    """Ask back whatever is held, also what was reserved only after the order was cancelled."""
    goods = tuple(each._replace(part="asked back") if each.part == "reserved" else each for each in state.goods)
    release = [Next("release_stock", each.sku) for each in state.goods if each.part == "reserved"]
    funds = state.funds
    if funds == "reserved":
        funds = "asked back"
        release.append(Next("release_funds"))
    is_over = state.is_cancelled and {funds, *(each.part for each in goods)} <= SETTLED
    status = "cancelled" if is_over else "stuck" if state.status == "stuck" else "compensate"
    return _with(state, status=status, funds=funds, goods=goods, next=(*release, *state.next))


def _with(state: FulfilmentState, **changes: Any) -> FulfilmentState:
    return state.model_copy(update=changes)


def _goods(state: FulfilmentState, sku: str, part: Part) -> FulfilmentState:
    return _with(state, goods=tuple(each._replace(part=part) if each.sku == sku else each for each in state.goods))
