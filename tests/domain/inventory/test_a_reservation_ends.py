"""ReleaseStock and ShipStock."""

from contracts.inventory.commands import ReleaseStock, ShipStock
from contracts.inventory.examples import (
    RELEASE_TEA_OF_ADAS_UNLUCKY_ORDER,
    SHIP_TEA_OF_ADAS_ORDER,
    TEA_OF_ADAS_ORDER_SHIPPED,
    TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED,
    TEA_RECEIVED,
    TEA_RESERVED_FOR_ADAS_ORDER,
    TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER,
    TEAPOTS_DECLINED_FOR_ADAS_UNLUCKY_ORDER,
    TEAPOTS_RECEIVED,
)
from contracts.orders.examples import TEAPOT, UNLUCKY_ORDER_ID
from workers.domain.inventory.decider import decider
from workers.testing.scenarios import given

RESERVED = (TEA_RECEIVED, TEA_RESERVED_FOR_ADAS_ORDER, TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER)


def test_with_all_its_pieces_shipped() -> None:
    given(decider, *RESERVED).when(SHIP_TEA_OF_ADAS_ORDER).then(TEA_OF_ADAS_ORDER_SHIPPED)


def test_with_all_its_pieces_released() -> None:
    given(decider, *RESERVED).when(RELEASE_TEA_OF_ADAS_UNLUCKY_ORDER).then(TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED)


def test_once() -> None:
    shipped = given(decider, *RESERVED, TEA_OF_ADAS_ORDER_SHIPPED)
    shipped.when(SHIP_TEA_OF_ADAS_ORDER).then_rejected("ReservationNotFound")
    released = given(decider, *RESERVED, TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED)
    released.when(RELEASE_TEA_OF_ADAS_UNLUCKY_ORDER).then_rejected("ReservationNotFound")


def test_not_when_there_is_none_for_the_order() -> None:
    declined = given(decider, TEAPOTS_RECEIVED, TEAPOTS_DECLINED_FOR_ADAS_UNLUCKY_ORDER)
    declined.when(ReleaseStock(sku=TEAPOT, order_id=UNLUCKY_ORDER_ID)).then_rejected("ReservationNotFound")
    declined.when(ShipStock(sku=TEAPOT, order_id=UNLUCKY_ORDER_ID)).then_rejected("ReservationNotFound")
    given(decider).when(RELEASE_TEA_OF_ADAS_UNLUCKY_ORDER).then_rejected("ReservationNotFound")
