"""ReceiveStock and ReserveStock."""

from contracts.inventory.commands import ReserveStock
from contracts.inventory.events import StockDeclined, StockReserved
from contracts.inventory.examples import (
    A_TEAPOT_RESERVED_FOR_ADAS_ORDER,
    RECEIVE_TEAPOTS,
    RESERVE_A_TEAPOT_FOR_ADAS_ORDER,
    RESERVE_TEA_FOR_ADAS_UNLUCKY_ORDER,
    RESERVE_TEAPOTS_FOR_ADAS_UNLUCKY_ORDER,
    TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED,
    TEA_RECEIVED,
    TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER,
    TEAPOTS_DECLINED_FOR_ADAS_UNLUCKY_ORDER,
    TEAPOTS_RECEIVED,
)
from contracts.orders.examples import BIG_ORDER_ID, ORDER_ID, TEAPOT
from workers.core.decider import Rejection
from workers.domain.inventory.decider import decider
from workers.testing.scenarios import given


def test_as_new_pieces_each_time() -> None:
    given(decider).when(RECEIVE_TEAPOTS).then(TEAPOTS_RECEIVED)
    given(decider, TEAPOTS_RECEIVED).when(RECEIVE_TEAPOTS).then(TEAPOTS_RECEIVED)


def test_for_an_order() -> None:
    history = given(decider, TEAPOTS_RECEIVED)
    history.when(RESERVE_A_TEAPOT_FOR_ADAS_ORDER).then(A_TEAPOT_RESERVED_FOR_ADAS_ORDER)


def test_to_the_last_piece_and_no_further() -> None:
    history = given(decider, TEAPOTS_RECEIVED, A_TEAPOT_RESERVED_FOR_ADAS_ORDER)
    last = ReserveStock(sku=TEAPOT, order_id=BIG_ORDER_ID, quantity=1)
    history.when(last).then(StockReserved(sku=TEAPOT, order_id=BIG_ORDER_ID, quantity=1))
    history.when(RESERVE_TEAPOTS_FOR_ADAS_UNLUCKY_ORDER).then(TEAPOTS_DECLINED_FOR_ADAS_UNLUCKY_ORDER)


def test_with_a_decline_when_the_sku_is_unknown() -> None:
    declined = StockDeclined(sku=TEAPOT, order_id=ORDER_ID, quantity=1, reason="InsufficientStock")
    given(decider).when(RESERVE_A_TEAPOT_FOR_ADAS_ORDER).then(declined)


def test_once_for_an_order_and_quietly_so_the_second_time() -> None:
    history = given(decider, TEAPOTS_RECEIVED, A_TEAPOT_RESERVED_FOR_ADAS_ORDER)
    history.when(RESERVE_A_TEAPOT_FOR_ADAS_ORDER).then_nothing()


def test_not_otherwise_than_they_are_reserved_for_the_order_already() -> None:
    history = given(decider, TEAPOTS_RECEIVED, A_TEAPOT_RESERVED_FOR_ADAS_ORDER)
    for quantity in (2, 9):
        other = ReserveStock(sku=TEAPOT, order_id=ORDER_ID, quantity=quantity)
        answer = history.when(other).then_rejected("ReservationDiffers").answer
        assert isinstance(answer, Rejection)
        assert answer.details == {"reserved": 1, "asked": quantity}


def test_again_after_a_release() -> None:
    history = given(decider, TEA_RECEIVED, TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER, TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED)
    history.when(RESERVE_TEA_FOR_ADAS_UNLUCKY_ORDER).then(TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER)
