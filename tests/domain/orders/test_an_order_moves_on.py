"""ConfirmOrder, CancelOrder, ShipOrder and DeliverOrder."""

import pytest

from contracts.message import Command
from contracts.orders.commands import CancelOrder, ShipOrder
from contracts.orders.events import OrderCancelled, OrderShipped
from contracts.orders.examples import (
    ADAS_BIG_ORDER_CANCELLED,
    ADAS_BIG_ORDER_PLACED,
    ADAS_ORDER_CONFIRMED,
    ADAS_ORDER_DELIVERED,
    ADAS_ORDER_PLACED,
    ADAS_ORDER_SHIPPED,
    BIG_ORDER_ID,
    CANCEL_ADAS_BIG_ORDER,
    CONFIRM_ADAS_ORDER,
    DELIVER_ADAS_ORDER,
    ORDER_ID,
    SHIP_ADAS_ORDER,
)
from contracts.users.examples import USER_ID
from workers.core.decider import Rejection
from workers.domain.orders.decider import decider
from workers.testing.scenarios import given

PLACED = (ADAS_ORDER_PLACED,)
CONFIRMED = (*PLACED, ADAS_ORDER_CONFIRMED)
SHIPPED = (*CONFIRMED, ADAS_ORDER_SHIPPED)
DELIVERED = (*SHIPPED, ADAS_ORDER_DELIVERED)
CANCEL_ADAS_ORDER = CancelOrder(order_id=ORDER_ID)


def test_from_placed_to_delivered() -> None:
    given(decider, *PLACED).when(CONFIRM_ADAS_ORDER).then(ADAS_ORDER_CONFIRMED)
    given(decider, *CONFIRMED).when(SHIP_ADAS_ORDER).then(ADAS_ORDER_SHIPPED)
    given(decider, *SHIPPED).when(DELIVER_ADAS_ORDER).then(ADAS_ORDER_DELIVERED)


def test_or_is_cancelled_with_the_reason() -> None:
    given(decider, ADAS_BIG_ORDER_PLACED).when(CANCEL_ADAS_BIG_ORDER).then(ADAS_BIG_ORDER_CANCELLED)


def test_without_a_reason_or_a_tracking_number_when_none_is_given() -> None:
    given(decider, *PLACED).when(CANCEL_ADAS_ORDER).then(OrderCancelled(order_id=ORDER_ID, user_id=USER_ID))
    shipped = given(decider, *CONFIRMED).when(ShipOrder(order_id=ORDER_ID))
    shipped.then(OrderShipped(order_id=ORDER_ID, user_id=USER_ID))


def test_quietly_when_it_is_there_already() -> None:
    given(decider, *CONFIRMED).when(CONFIRM_ADAS_ORDER).then_nothing()
    given(decider, *SHIPPED).when(SHIP_ADAS_ORDER).then_nothing()
    given(decider, *DELIVERED).when(DELIVER_ADAS_ORDER).then_nothing()
    cancelled = given(decider, ADAS_BIG_ORDER_PLACED, ADAS_BIG_ORDER_CANCELLED)
    cancelled.when(CancelOrder(order_id=BIG_ORDER_ID, reason="another")).then_nothing()


def test_to_confirmed_or_to_cancelled_whichever_comes_first() -> None:
    given(decider, *CONFIRMED).when(CANCEL_ADAS_ORDER).then_rejected("InvalidTransition")
    cancelled = OrderCancelled(order_id=ORDER_ID, user_id=USER_ID)
    given(decider, *PLACED, cancelled).when(CONFIRM_ADAS_ORDER).then_rejected("InvalidTransition")


def test_by_no_step_that_leaves_one_out() -> None:
    given(decider, *PLACED).when(SHIP_ADAS_ORDER).then_rejected("InvalidTransition")
    given(decider, *CONFIRMED).when(DELIVER_ADAS_ORDER).then_rejected("InvalidTransition")
    given(decider, *DELIVERED).when(CONFIRM_ADAS_ORDER).then_rejected("InvalidTransition")


def test_or_is_refused_with_its_state_and_the_command_named() -> None:
    answer = given(decider, *PLACED).when(SHIP_ADAS_ORDER).answer
    assert isinstance(answer, Rejection)
    assert answer.message == f"ShipOrder cannot be done: the order {ORDER_ID} is placed."
    assert answer.details == {"status": "placed", "command": "ShipOrder"}


@pytest.mark.parametrize("command", [CONFIRM_ADAS_ORDER, CANCEL_ADAS_ORDER, SHIP_ADAS_ORDER, DELIVER_ADAS_ORDER])
def test_not_when_there_is_no_such_order(command: Command) -> None:
    given(decider).when(command).then_rejected("OrderNotFound")
