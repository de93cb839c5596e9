"""The steps that have no answer yet, and the events that asked for them. Pure.

A rejection of what was asked for before that, for another reason, is no answer to what is asked for now. And what takes
the money or the goods is repeated as the same command until it is rejected: so it is handled once, however often it is
sent, even if another sender reserves once more in between.
"""

from collections.abc import Sequence

from contracts.inventory.events import StockReleased, StockShipped
from contracts.message import Event
from contracts.orders.events import OrderCancelled
from contracts.payments.events import FundsCaptured, FundsReleased
from workers.core.answers import ANSWER
from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, StepRejected
from workers.domain.orders.fulfilment.state import UNANSWERED, Ask, FulfilmentState, StepName

_REPEATED: frozenset[StepName] = frozenset({"capture_funds", "ship_stock", "release_funds", "release_stock", "cancel"})
"""What is asked for again when there is no answer."""
_TAKING: frozenset[StepName] = frozenset({"capture_funds", "ship_stock"})
"""What is taken twice cannot be given back."""
_OF_GOODS = frozenset({"ship_stock", "release_stock"})


def asked(state: FulfilmentState, recorded: Recorded, steps: Sequence[Ask], *, first: bool = False) -> FulfilmentState:
    """The event asks for these steps, in this order, after or before what it has asked for so far (`first`)."""
    earlier: list[Ask] = []
    present: list[Ask] = []
    for ask in state.asks:
        if not any(ask.is_same_step(step) for step in steps):
            (present if ask.events[-1] == recorded.event_id else earlier).append(ask)
    added = [step._replace(events=_asking_events(state, step, recorded)) for step in steps]
    asks = (*earlier, *added, *present) if first else (*earlier, *present, *added)
    return state.with_facts(asks=asks)


def _asking_events(state: FulfilmentState, step: Ask, recorded: Recorded) -> tuple[str, ...]:
    """Also the events before this one, where an answer to any of their commands is an answer to this one too."""
    before = next((ask.events for ask in state.asks if ask.is_same_step(step)), ())
    if step.step in _TAKING:
        return (*before[:1], recorded.event_id)
    return (*before, recorded.event_id) if is_answer_overdue(recorded.event) else (recorded.event_id,)


def asked_by(state: FulfilmentState, recorded: Recorded) -> list[tuple[Ask, str | None]]:
    """The steps that this event has asked for; with each the event that asked for it first, where the same command is
    to be sent again.
    """
    present = [ask for ask in state.asks if ask.events[-1] == recorded.event_id]
    return [(ask, ask.events[0] if ask.step in _TAKING and len(ask.events) > 1 else None) for ask in present]


def is_answer_overdue(event: Event) -> bool:
    """Whether this is the deadline of an answer: what follows was asked for before, as a rule."""
    return isinstance(event, DeadlinePassed) and event.deadline == ANSWER


def is_outdated(state: FulfilmentState, event: Event) -> bool:
    """Whether this rejects what was asked for before, and not what is asked for now."""
    if not isinstance(event, StepRejected) or not event.asked_by or event.step not in _REPEATED:
        return False
    rejected = _rejected(event)
    return any(ask.is_same_step(rejected) and event.asked_by not in ask.events for ask in state.asks)


def without_answered(state: FulfilmentState, event: Event) -> FulfilmentState:
    """Without what this event is the answer to, of what is asked for again."""
    if not state.asks:
        return state
    match event:
        case FundsReleased(user_id=state.user_id):
            answered = Ask("release_funds")
        case FundsCaptured(user_id=state.user_id):
            answered = Ask("capture_funds")
        case StockReleased(sku=sku):
            answered = Ask("release_stock", sku)
        case StockShipped(sku=sku):
            answered = Ask("ship_stock", sku)
        case OrderCancelled():
            answered = Ask("cancel")
        case StepRejected(step=step) if step in _REPEATED:
            answered = _rejected(event)
        case _:
            return state
    asks = tuple(ask for ask in state.asks if not ask.is_same_step(answered))
    return state if len(asks) == len(state.asks) else state.with_facts(asks=asks)


def without_settled(state: FulfilmentState) -> FulfilmentState:
    """Without reservations and a confirmation that have their answer: the facts say so."""
    asks = tuple(ask for ask in state.asks if ask.step in _REPEATED or _is_open(state, ask))
    return state if asks == state.asks else state.with_facts(asks=asks)


def _is_open(state: FulfilmentState, ask: Ask) -> bool:
    if ask.step == "confirm":
        return not (state.is_confirmed or state.is_cancelled)
    return (state.part_of(ask.sku) if ask.sku else state.funds) in UNANSWERED


def _rejected(event: StepRejected) -> Ask:
    return Ask(event.step, event.to if event.step in _OF_GOODS else "")  # type: ignore[arg-type]  # it was one of ours
