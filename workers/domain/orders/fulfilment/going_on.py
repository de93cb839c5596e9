"""How the fulfilment of an order goes on, from what is known of its parts: forward, back, or to a person. Pure."""

from typing import Any

from contracts.money import written
from contracts.orders.events import OrderPlaced
from contracts.orders.lines import DEFAULT_DEADLINE_SECONDS
from workers.core.answers import may_ask_again
from workers.domain.orders.fulfilment.state import MONEY, OPEN, SETTLED, FulfilmentState, Goods, Next, Part

RESERVING = ("reserve_funds", "reserve_stock")


def begun(event: OrderPlaced) -> FulfilmentState:
    """An order is placed: its money first."""
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


def gone_on(state: FulfilmentState) -> FulfilmentState:
    """Go on to what is next, as soon as all that this waits for is there."""
    if state.status == "reserve_funds" and state.funds == "reserved":
        goods = tuple(each._replace(part="asked") for each in state.goods)
        asked = tuple(Next("reserve_stock", each.sku) for each in goods)
        return updated(state, status="reserve_stock", goods=goods, next=asked)
    if state.status == "reserve_stock" and state.is_all_there:
        return made_final(state) if state.is_confirmed else updated(state, status="confirm", next=(Next("confirm"),))
    if state.status in ("compensate", "cancelled") or (state.status == "stuck" and state.is_given_up):
        return _given_back(state)
    is_leaving = _waited_in(state, "ship_stock") and state.is_shipped and state.funds == "captured"
    if is_leaving and {each.part for each in state.goods} == {"shipped"}:
        return updated(state, status="shipped")
    return state


def _waited_in(state: FulfilmentState, status: str) -> bool:
    """Whether an answer that was waited for in this status lets it go on: there, or where it got stuck, as long as no
    person has to look at something in excess as well. That would be forgotten.
    """
    return state.status == status or (state.status == "stuck" and not state.excess)


def confirmed(state: FulfilmentState) -> FulfilmentState:
    """Ours, as a rule. Somebody else's counts too: then there is nothing left to confirm once all is reserved."""
    after = updated(state, is_confirmed=True)
    # Stuck for want of an answer, nothing given up: the answer has come.
    was_awaited = state.status == "stuck" and state.reason is None and not state.is_confirmed
    return made_final(after) if state.status == "confirm" or was_awaited else after


def made_final(state: FulfilmentState) -> FulfilmentState:
    """The confirmed order is paid for, if all of it is still there: somebody else may have released it, or taken it."""
    final = updated(state, reason=None, next=(Next("clear_deadline"),))
    if not state.is_all_there:
        return stuck(final)
    if state.funds == "captured":
        return paid(updated(final, status="capture_funds"))
    asked = updated(final, status="capture_funds", next=(*final.next, Next("capture_funds")))
    return shipped(asked) if state.is_shipped else asked


def paid(state: FulfilmentState) -> FulfilmentState:
    """The money is taken: completed, if that was waited for."""
    if not _waited_in(state, "capture_funds") or state.is_given_up or not state.is_confirmed:
        return state
    if not state.is_all_there:
        return stuck(state)
    completed = updated(state, status="completed")
    return shipped(completed) if state.is_shipped else completed


def shipped(state: FulfilmentState) -> FulfilmentState:
    """Somebody may ship what somebody else has confirmed before it is reserved: then it leaves when it is."""
    if state.status not in ("capture_funds", "completed"):
        return updated(state, is_shipped=True)
    return updated(state, status="ship_stock", is_shipped=True, next=(*state.next, *_to_ship(state)))


def cancelled(state: FulfilmentState, reason: str | None) -> FulfilmentState:
    if state.status in (*RESERVING, "confirm"):
        clear = (Next("clear_deadline"),)
        return updated(state, status="compensate", is_cancelled=True, reason=reason, next=clear)
    return updated(state, is_cancelled=True)


def undone(state: FulfilmentState, reason: str) -> FulfilmentState:
    """Begin to give everything back, if it is not too late for that."""
    if state.status not in RESERVING:
        return state
    return updated(state, status="compensate", reason=reason, next=(Next("clear_deadline"), Next("cancel")))


def given_up(state: FulfilmentState, reason: str) -> FulfilmentState:
    """The order cannot be had. When its confirmation is under way, its own stream decides what becomes of it; when it
    is confirmed, that is final, and a person has to look.
    """
    if state.status == "confirm":
        return updated(state, reason=reason, next=(Next("cancel"),))
    return stuck(state) if state.status in ("capture_funds", "completed", "ship_stock") else undone(state, reason)


def stuck(state: FulfilmentState) -> FulfilmentState:
    """A person has to look. Nothing is given back of an order that may be confirmed yet, or is."""
    return updated(state, status="stuck", reason=None if state.status == "confirm" else state.reason)


def asked_again(state: FulfilmentState) -> FulfilmentState:
    """An answer did not come in time: ask for all that is not answered, a few times."""
    if not state.waits_for_answer:
        return state
    if not may_ask_again(state.asked_again):
        return stuck(state)
    again = updated(state, asked_again=state.asked_again + 1, next=_to_give_back(state.excess))
    match state.status:
        case "compensate" | "stuck" if state.is_given_up:
            # Whether it was reserved or not: it is not to be.
            goods = tuple(each._replace(part="foreign") if each.part in OPEN else each for each in state.goods)
            funds = "foreign" if state.funds in OPEN else state.funds
            cancel = () if state.is_cancelled or state.status == "stuck" else (Next("cancel"),)
            return updated(again, funds=funds, goods=goods, next=(*again.next, *cancel))
        case "confirm" if state.reason is not None:
            return updated(again, next=(*again.next, Next("cancel")))
        case "capture_funds":
            return updated(again, next=(*again.next, Next("capture_funds")))
        case "ship_stock":
            capture = () if state.funds == "captured" else (Next("capture_funds"),)
            return updated(again, next=(*again.next, *capture, *_to_ship(state)))
        case _:
            return again


def in_excess(state: FulfilmentState, part: str) -> FulfilmentState:
    """The order has taken this part, and it was reserved once more: ours, as a rule, as somebody else was faster."""
    excess = (*(each for each in state.excess if each != part), part)
    return updated(state, excess=excess, next=_to_give_back((part,)))


def excess_gone(state: FulfilmentState, part: str) -> FulfilmentState:
    """What was reserved once more is not any more. Who waited for nothing else is where he was."""
    if part not in state.excess:
        return state
    after = updated(state, excess=tuple(each for each in state.excess if each != part))
    return paid(after) if after.status == "stuck" and after.funds == "captured" else after


def _to_give_back(excess: tuple[str, ...]) -> tuple[Next, ...]:
    return tuple(Next("release_funds") if each == MONEY else Next("release_stock", each) for each in excess)


def _to_ship(state: FulfilmentState) -> tuple[Next, ...]:
    return tuple(Next("ship_stock", each.sku) for each in state.goods if each.part != "shipped")


def _given_back(state: FulfilmentState) -> FulfilmentState:
    """Ask back whatever is held, also what was reserved only after the order was cancelled. What somebody else has
    taken meanwhile cannot be given back: a person has to look.
    """
    held: frozenset[Part] = frozenset({"reserved", "foreign"})
    goods = tuple(each._replace(part="asked back") if each.part in held else each for each in state.goods)
    release = [Next("release_stock", each.sku) for each in state.goods if each.part in held]
    funds = state.funds
    if funds in held:
        funds = "asked back"
        release.append(Next("release_funds"))
    left = {funds, *(each.part for each in goods)} - SETTLED
    status = "stuck" if state.status == "stuck" else "compensate"
    if state.is_cancelled and not left:
        status = "cancelled"
    elif state.is_cancelled and left <= {"captured", "shipped"}:
        status = "stuck"
    return updated(state, status=status, funds=funds, goods=goods, next=(*release, *state.next))


def updated(state: FulfilmentState, **changes: Any) -> FulfilmentState:
    return state.model_copy(update=changes)


def with_goods(state: FulfilmentState, sku: str, part: Part) -> FulfilmentState:
    goods = tuple(each._replace(part=part) if each.sku == sku else each for each in state.goods)
    return updated(state, goods=goods)
