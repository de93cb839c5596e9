"""By which events each step was asked for that has no answer yet: the first, and those that asked again as no answer
came in time. Pure.

A rejection of what was asked for before that, for another reason, is no answer to what is asked for now. And what takes
the money or the goods is repeated as the same command until it is refused: so it is handled once, however often it is
asked for, though somebody else may reserve once more in between. Reservations and the confirmation are not asked for
again.
"""

from contracts.inventory.events import StockReleased, StockShipped
from contracts.message import Event
from contracts.orders.events import OrderCancelled
from contracts.payments.events import FundsCaptured, FundsReleased
from workers.core.answers import ANSWER
from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, StepRejected
from workers.domain.orders.fulfilment.state import Action, FulfilmentState, Next

_REPEATED: frozenset[Action] = frozenset({"capture_funds", "ship_stock", "release_funds", "release_stock", "cancel"})
_TAKING: frozenset[Action] = frozenset({"capture_funds", "ship_stock"})
"""What is taken twice cannot be given back."""
_OF_GOODS = frozenset({"ship_stock", "release_stock"})


def asks_again(event: Event) -> bool:
    """Whether this is the deadline of an answer: what follows was asked for before, as a rule."""
    return isinstance(event, DeadlinePassed) and event.deadline == ANSWER


def is_outdated(state: FulfilmentState, event: Event) -> bool:
    """Whether this refuses what was asked for before, and not what is asked for now."""
    if not isinstance(event, StepRejected) or not event.asked_by:
        return False
    return event.asked_by not in state.asked_by.get(_refused(event), (event.asked_by,))


def with_asks(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """The state with who asks: not any more for what is answered now; also this event for what is asked for again, and
    this event alone for what is asked for newly, unless it must not be taken twice.
    """
    event, left = recorded.event, dict(state.asked_by)
    for answered in _answered(state, event):
        left.pop(answered, None)
    for each in state.next:
        if each.action in _REPEATED:
            before = left.get(_key(each), ())
            if each.action in _TAKING:
                left[_key(each)] = before[:1] or (recorded.event_id,)
            else:
                left[_key(each)] = (*(before if asks_again(event) else ()), recorded.event_id)
    return state if left == state.asked_by else state.model_copy(update={"asked_by": left})


def asked_before(state: FulfilmentState, each: Next, recorded: Recorded) -> str | None:
    """The event that has asked for this first, if it is to be the same command once more."""
    first = state.asked_by[_key(each)][0] if each.action in _TAKING else recorded.event_id
    return None if first == recorded.event_id else first


def _answered(state: FulfilmentState, event: Event) -> tuple[str, ...]:
    match event:
        case FundsReleased(user_id=state.user_id):
            return (_key(Next("release_funds")),)
        case FundsCaptured(user_id=state.user_id):
            return (_key(Next("capture_funds")),)
        case StockReleased(sku=sku):
            return (_key(Next("release_stock", sku)),)
        case StockShipped(sku=sku):
            return (_key(Next("ship_stock", sku)),)
        case OrderCancelled():
            return (_key(Next("cancel")),)
        case StepRejected() if not is_outdated(state, event):
            return (_refused(event),)
        case _:
            return ()


def _refused(event: StepRejected) -> str:
    return f"{event.step}/{event.to}" if event.step in _OF_GOODS else event.step


def _key(each: Next) -> str:
    return f"{each.action}/{each.sku}" if each.sku else each.action
