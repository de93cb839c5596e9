"""Ways to break the sagas: another function in the place of one of theirs, here and never by a switch in the code that
runs in production.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from contracts.inventory.commands import ReleaseStock
from contracts.inventory.events import StockReleased, StockReserved, StockShipped
from contracts.orders.commands import CancelOrder, ConfirmOrder
from contracts.orders.events import OrderCancelled, OrderPlaced
from contracts.payments.commands import CaptureFunds, ReleaseFunds
from contracts.payments.events import FundsCaptured, FundsReleased, FundsReserved
from contracts.users.events import UserDeleted
from workers.core.answers import ANSWER
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed, Saga, SetDeadline, Step, StepUnchanged
from workers.domain.orders.closing import closing
from workers.domain.orders.fulfilment import fulfilment
from workers.domain.orders.fulfilment.asks import asked_by
from workers.domain.orders.fulfilment.evolution import correlate
from workers.domain.orders.fulfilment.state import FulfilmentState, Goods
from workers.domain.users.welcome import welcome

Broken = Saga[Any]
Keeps = Callable[[Any, Recorded, Consequence], bool]
"""Whether, in a state, after an event, a consequence is kept."""


def _is(consequence: Consequence, *commands: type[Any]) -> bool:
    return isinstance(consequence, Step) and isinstance(consequence.command, commands)


def _only(saga: Broken, keeps: Keeps) -> Broken:
    """The saga with some of its consequences left out."""

    def decide(state: Any, recorded: Recorded) -> tuple[Consequence, ...]:
        return tuple(consequence for consequence in saga.decide(state, recorded) if keeps(state, recorded, consequence))

    return replace(saga, decide=decide)


def _deaf(is_handled: Callable[[FulfilmentState, Recorded], bool]) -> Broken:
    """The fulfilment that misses some events."""

    def evolve(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
        if is_handled(state, recorded):
            return fulfilment.evolve(state, recorded)
        return state

    return replace(fulfilment, evolve=evolve)


def _asking(early: Callable[[FulfilmentState, Recorded], tuple[Step, ...]], instead_of: type[Any]) -> Broken:
    """The fulfilment that asks for something at another time."""

    def decide(state: FulfilmentState, recorded: Recorded) -> tuple[Consequence, ...]:
        kept = tuple(
            consequence for consequence in fulfilment.decide(state, recorded) if not _is(consequence, instead_of)
        )
        return (*kept, *early(state, recorded))

    return replace(fulfilment, decide=decide)


def _confirm_at_once(state: FulfilmentState, recorded: Recorded) -> tuple[Step, ...]:
    if state.status == "reserve_stock" and isinstance(recorded.event, FundsReserved):
        return (Step("confirm at once", ConfirmOrder(order_id=recorded.event.order_id)),)
    return ()


def _capture_at_once(state: FulfilmentState, recorded: Recorded) -> tuple[Step, ...]:
    if any(ask.step == "confirm" for ask, _ in asked_by(state, recorded)):
        order_id = correlate(recorded) or recorded.stream_id
        return (Step("capture at once", CaptureFunds(user_id=state.user_id, order_id=order_id)),)
    return ()


def _each_line_by_itself(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    evolved = fulfilment.evolve(state, recorded)
    if isinstance(recorded.event, OrderPlaced):
        return evolved.model_copy(
            update={
                "goods": tuple({line.sku: Goods(line.sku, line.quantity) for line in recorded.event.lines}.values())
            }
        )
    return evolved


def _give_up_at_once(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
    """In `confirm` too, without waiting for what the order's stream says."""
    if state.status == "confirm" and isinstance(recorded.event, DeadlinePassed):
        state = state.model_copy(update={"asks": tuple(ask for ask in state.asks if ask.step != "confirm")})
    return fulfilment.evolve(state, recorded)


def _without_about(state: FulfilmentState, recorded: Recorded) -> tuple[Consequence, ...]:
    return tuple(
        consequence._replace(about="") if isinstance(consequence, Step) else consequence
        for consequence in fulfilment.decide(state, recorded)
    )


def _first_only(state: FulfilmentState, _: Recorded, consequence: Consequence) -> bool:
    return not (
        _is(consequence, ReleaseStock) and isinstance(consequence, Step) and consequence.about != state.goods[0].sku
    )


def _believing(**changes: Callable[[FulfilmentState, Any], Any]) -> Broken:
    """The fulfilment that reads some fields of an event under its order's id as if they were the order's."""

    def evolve(state: FulfilmentState, recorded: Recorded) -> FulfilmentState:
        event = recorded.event
        if state.status != "new" and type(event) in _SAYING:
            fields = {name: value(state, event) for name, value in changes.items() if hasattr(event, name)}
            recorded = recorded._replace(event=type(event).model_validate({**event.model_dump(), **fields}))
        return fulfilment.evolve(state, recorded)

    return replace(fulfilment, evolve=evolve)


_SAYING = (FundsReserved, FundsReleased, FundsCaptured, StockReserved, StockReleased, StockShipped)


def _no_answer_awaited(_: Any, __: Recorded, consequence: Consequence) -> bool:
    return not (isinstance(consequence, SetDeadline) and consequence.name == ANSWER)


BREAKAGES: Mapping[str, Broken] = {
    "an event of any amount is believed": _believing(amount=lambda state, _: state.total),
    "an event in any currency is believed": _believing(currency=lambda state, _: state.currency),
    "an event of any user is believed": _believing(user_id=lambda state, _: state.user_id),
    "an event of any quantity is believed": _believing(
        quantity=lambda state, event: next((goods.quantity for goods in state.goods if goods.sku == event.sku), 1)
    ),
    "that a step changed nothing is not handled": _deaf(lambda _, recorded: type(recorded.event) is not StepUnchanged),
    "the fulfilment waits for answers without a deadline": _only(fulfilment, _no_answer_awaited),
    "the welcome waits for answers without a deadline": _only(welcome, _no_answer_awaited),
    "funds reserved late are kept": _only(
        fulfilment,
        lambda _, recorded, consequence: not (_is(consequence, ReleaseFunds) and type(recorded.event) is FundsReserved),
    ),
    "funds are never given back": _only(fulfilment, lambda _, __, consequence: not _is(consequence, ReleaseFunds)),
    "only the goods of the first line are given back": _only(fulfilment, _first_only),
    "the order is not cancelled": _only(fulfilment, lambda _, __, consequence: not _is(consequence, CancelOrder)),
    "the deadline is not set": _only(fulfilment, lambda _, __, consequence: not isinstance(consequence, SetDeadline)),
    "the deadline is not handled": _deaf(lambda _, recorded: type(recorded.event) is not DeadlinePassed),
    "the customer's cancellation is not handled": _deaf(
        lambda state, recorded: state.status == "compensate" or type(recorded.event) is not OrderCancelled
    ),
    "rejections are not handled": replace(fulfilment, handles_rejections=False),
    "the confirmation comes before the stock": _asking(_confirm_at_once, ConfirmOrder),
    "the money is captured before the confirmation": _asking(_capture_at_once, CaptureFunds),
    "the deadline gives up what is being confirmed": replace(fulfilment, evolve=_give_up_at_once),
    "of two lines with one SKU the last counts": replace(fulfilment, evolve=_each_line_by_itself),
    "steps of one name have one id": replace(fulfilment, decide=_without_about),
    "closing an account leaves its orders": _only(closing, lambda *_: False),
    "an order after the closing is left": _only(closing, lambda _, recorded, __: type(recorded.event) is UserDeleted),
}


def broken(breakage: str) -> Sequence[Broken]:
    """All sagas, one of them broken. Raises KeyError when there is no breakage of this name."""
    instead = BREAKAGES[breakage]
    return [instead if saga.name == instead.name else saga for saga in (fulfilment, closing, welcome)]
