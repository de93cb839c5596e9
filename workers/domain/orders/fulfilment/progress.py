"""How the fulfilment of an order goes on, from the facts about its parts: forward, back, or to a person. Pure."""

from collections.abc import Iterable

from contracts.money import written
from contracts.orders.events import OrderPlaced
from contracts.orders.lines import DEFAULT_DEADLINE_SECONDS
from workers.core.answers import is_in_vain
from workers.core.recorded import Recorded
from workers.domain.orders.fulfilment.asks import asked
from workers.domain.orders.fulfilment.state import (
    MONEY,
    OPEN,
    RESERVED,
    RESERVING,
    SETTLED,
    Ask,
    FulfilmentState,
    Goods,
    Part,
)


def begun(event: OrderPlaced, recorded: Recorded) -> FulfilmentState:
    """An order is placed: its money first."""
    pieces: dict[str, int] = {}
    for line in event.lines:
        pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
    state = FulfilmentState(
        user_id=event.user_id,
        total=written(event.total),
        currency=event.currency,
        deadline_seconds=event.confirm_within_seconds or DEFAULT_DEADLINE_SECONDS,
        funds="asked",
        goods=tuple(Goods(sku, quantity) for sku, quantity in pieces.items()),
    )
    return asked(state, recorded, [Ask("reserve_funds")])


def gone_on(before: FulfilmentState, state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """Go on to what is next, as soon as all that the instance waits for is there."""
    status = state.status
    if status == "reserve_stock" and before.status == "reserve_funds":
        goods = tuple(goods._replace(part="asked") for goods in state.goods)
        return asked(state.with_facts(goods=goods), recorded, [Ask("reserve_stock", part.sku) for part in goods])
    if status == "reserve_stock" and state.is_all_there:
        return made_final(state, recorded) if state.is_confirmed else asked(state, recorded, [Ask("confirm")])
    if status in ("compensate", "cancelled") or (status == "stuck" and state.is_given_up):
        return _given_back(state, recorded)
    if _goes_on_when_answered(state) and state.is_shipped and state.funds == "captured" and state.are_goods_shipped:
        return _no_longer_stuck(state, recorded)
    return state


def _goes_on_when_answered(state: FulfilmentState) -> bool:
    """Whether the instance is stuck and a late answer lets it go on. Not as long as a person has to look at something
    in excess as well: that would be forgotten.
    """
    return state.is_stuck and not state.excess


def _no_longer_stuck(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    return state.with_facts(is_stuck=False, settled_by=state.settled_by or recorded.event_id)


def confirmed(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """Ours, as a rule. Another sender's counts too: then there is nothing left to confirm once all is reserved."""
    after = state.with_facts(is_confirmed=True)
    # Stuck for want of an answer, nothing given up: the answer has come.
    was_awaited = state.is_stuck and state.reason is None and not state.is_confirmed
    return made_final(after, recorded) if state.status == "confirm" or was_awaited else after


def made_final(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """The confirmed order is paid for, if all of it is still there: another sender may have released or taken it."""
    final = state.with_facts(reason=None, settled_by=recorded.event_id, is_stuck=not state.is_all_there)
    if final.is_stuck:
        return final
    if final.funds != "captured":
        final = asked(final, recorded, [Ask("capture_funds")])
    return asked(final, recorded, _to_ship(final)) if final.is_shipped else final


def paid(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """The money is taken: the order is completed, if it was to be taken and all goods are there."""
    if state.is_given_up or not state.is_confirmed:
        return state
    is_awaited = _goes_on_when_answered(state) if state.is_stuck else state.is_final and not state.is_shipped
    if not is_awaited:
        return state
    if not state.is_all_there:
        return stuck(state)
    completed = _no_longer_stuck(state, recorded)
    return asked(completed, recorded, _to_ship(completed)) if completed.is_shipped else completed


def shipped(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """A sender may ship what another one has confirmed before it is reserved: then it leaves when it is."""
    after = state.with_facts(is_shipped=True)
    return asked(after, recorded, _to_ship(after)) if state.status in ("capture_funds", "completed") else after


def cancelled(state: FulfilmentState, reason: str | None, recorded: Recorded) -> FulfilmentState:
    if state.status in RESERVING or state.status == "confirm":
        return state.with_facts(is_cancelled=True, reason=reason, settled_by=recorded.event_id)
    return state.with_facts(is_cancelled=True)


def undone(state: FulfilmentState, reason: str, recorded: Recorded) -> FulfilmentState:
    """Begin to give everything back, if it is not too late for that."""
    if state.status not in RESERVING:
        return state
    return asked(state.with_facts(reason=reason, settled_by=recorded.event_id), recorded, [Ask("cancel")])


def given_up(state: FulfilmentState, reason: str, recorded: Recorded) -> FulfilmentState:
    """The order cannot be had. When its confirmation is under way, its own stream decides what becomes of it. When it
    is confirmed, that is final, and a person has to look.
    """
    if state.status == "confirm":
        return asked(state.with_facts(reason=reason), recorded, [Ask("cancel")])
    if state.status in ("capture_funds", "completed", "ship_stock"):
        return stuck(state)
    return undone(state, reason, recorded)


def stuck(state: FulfilmentState) -> FulfilmentState:
    """A person has to look. Nothing is given back of an order that may be confirmed yet, or is."""
    return state.with_facts(is_stuck=True, reason=None if state.status == "confirm" else state.reason)


def repeated(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """An answer did not come in time: ask again for all that is not answered, a few times."""
    if not state.waits_for_answer:
        return state
    if is_in_vain(state.unanswered + 1):
        return stuck(state)
    after = asked(state.with_facts(unanswered=state.unanswered + 1), recorded, _to_give_back(state.excess))
    match state.status:
        case "compensate" | "stuck" if state.is_given_up:
            # Whether it was reserved or not: it is not to be.
            goods = tuple(goods._replace(part="foreign") if goods.part in OPEN else goods for goods in state.goods)
            funds = "foreign" if state.funds in OPEN else state.funds
            steps = [] if state.is_cancelled or state.is_stuck else [Ask("cancel")]
            return asked(after.with_facts(funds=funds, goods=goods), recorded, steps)
        case "confirm" if state.reason is not None:
            return asked(after, recorded, [Ask("cancel")])
        case "capture_funds":
            return asked(after, recorded, [Ask("capture_funds")])
        case "ship_stock":
            capture = [] if state.funds == "captured" else [Ask("capture_funds")]
            return asked(after, recorded, [*capture, *_to_ship(state)])
        case _:
            return after


def in_excess(state: FulfilmentState, part: str, recorded: Recorded) -> FulfilmentState:
    """The order has taken this part, and it was reserved once more: by us, as a rule, as another sender was faster."""
    excess = (*(other for other in state.excess if other != part), part)
    return asked(state.with_facts(excess=excess), recorded, _to_give_back((part,)))


def excess_gone(state: FulfilmentState, part: str, recorded: Recorded) -> FulfilmentState:
    """What was reserved once more is not any more. An instance that was stuck for nothing else goes on."""
    if part not in state.excess:
        return state
    after = state.with_facts(excess=tuple(other for other in state.excess if other != part))
    return paid(after, recorded) if after.is_stuck and after.funds == "captured" else after


def _to_give_back(excess: Iterable[str]) -> list[Ask]:
    return [Ask("release_funds") if part == MONEY else Ask("release_stock", part) for part in excess]


def _to_ship(state: FulfilmentState) -> list[Ask]:
    return [Ask("ship_stock", goods.sku) for goods in state.goods if goods.part != "shipped"]


def _given_back(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """Ask back all that is held, also what was reserved only after the order was cancelled. What another sender has
    taken meanwhile cannot be given back: a person has to look.
    """
    goods = tuple(goods._replace(part="asked back") if goods.part in RESERVED else goods for goods in state.goods)
    steps = [Ask("release_stock", goods.sku) for goods in state.goods if goods.part in RESERVED]
    steps += [Ask("release_funds")] if state.funds in RESERVED else []
    funds = "asked back" if state.funds in RESERVED else state.funds
    after = asked(state.with_facts(funds=funds, goods=goods), recorded, steps, first=True)
    unsettled = after.parts - SETTLED
    if after.is_cancelled and unsettled <= {"captured", "shipped"}:
        return after.with_facts(is_stuck=bool(unsettled))
    return after


def with_goods(state: FulfilmentState, sku: str, part: Part) -> FulfilmentState:
    goods = tuple(goods._replace(part=part) if goods.sku == sku else goods for goods in state.goods)
    return state.with_facts(goods=goods)
