"""The undo of the orders context."""

from contracts.orders.commands import CancelOrder
from contracts.orders.examples import (
    ADAS_BIG_ORDER_CANCELLED,
    ADAS_BIG_ORDER_PLACED,
    ADAS_ORDER_CONFIRMED,
    ADAS_ORDER_DELIVERED,
    ADAS_ORDER_PLACED,
    ADAS_ORDER_SHIPPED,
    ORDER_ID,
)
from workers.core.decider import Decision, Rejection
from workers.domain import contexts
from workers.domain.orders.decider import decider
from workers.domain.orders.undo import undo
from workers.testing.scenarios import folded, recorded, words


def test_by_cancelling_it_while_it_is_just_placed() -> None:
    command = undo(recorded(ADAS_ORDER_PLACED))
    assert isinstance(command, CancelOrder)
    assert words([command]) == words([CancelOrder(order_id=ORDER_ID, reason="undone")])
    assert isinstance(decider.decide(folded(decider, ADAS_ORDER_PLACED), command), Decision)


def test_not_once_it_has_gone_on_and_the_answer_says_what_stands_in_the_way() -> None:
    steps = [ADAS_ORDER_PLACED, ADAS_ORDER_CONFIRMED, ADAS_ORDER_SHIPPED, ADAS_ORDER_DELIVERED]
    histories = [steps[:2], steps[:3], steps, [ADAS_BIG_ORDER_PLACED, ADAS_BIG_ORDER_CANCELLED]]
    for history in histories:
        rejection = undo(recorded(*history))
        assert isinstance(rejection, Rejection)
        assert rejection.code == "NothingToUndo"
        assert history[-1].name in rejection.message
        assert rejection.details == {"event": history[-1].name}


def test_as_the_context_declares() -> None:
    assert contexts()["orders"].undo is undo
