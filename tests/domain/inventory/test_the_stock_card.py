"""The projection "stock"."""

from contracts.inventory.examples import (
    TEA_OF_ADAS_ORDER_SHIPPED,
    TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED,
    TEA_RECEIVED,
    TEA_RESERVED_FOR_ADAS_ORDER,
    TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER,
    TEAPOTS_DECLINED_FOR_ADAS_UNLUCKY_ORDER,
)
from contracts.orders.examples import TEA, TEAPOT
from workers.domain.inventory.card import card
from workers.testing.scenarios import document_after


def test_begins_with_the_first_receipt() -> None:
    received = {"sku": TEA, "on_hand": 200, "reserved": 0, "available": 200, "version": 1}
    assert document_after(card, TEA_RECEIVED) == received


def test_says_what_is_reserved_and_what_is_left() -> None:
    reserved = {"sku": TEA, "on_hand": 200, "reserved": 3, "available": 197, "version": 3}
    events = (TEA_RECEIVED, TEA_RESERVED_FOR_ADAS_ORDER, TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER)
    assert document_after(card, *events) == reserved


def test_has_fewer_on_hand_when_pieces_have_left() -> None:
    shipped = {"sku": TEA, "on_hand": 198, "reserved": 0, "available": 198, "version": 3}
    assert document_after(card, TEA_RECEIVED, TEA_RESERVED_FOR_ADAS_ORDER, TEA_OF_ADAS_ORDER_SHIPPED) == shipped


def test_shows_nothing_of_a_released_reservation() -> None:
    released = {"sku": TEA, "on_hand": 200, "reserved": 0, "available": 200, "version": 3}
    events = (TEA_RECEIVED, TEA_RESERVED_FOR_ADAS_UNLUCKY_ORDER, TEA_OF_ADAS_UNLUCKY_ORDER_RELEASED)
    assert document_after(card, *events) == released


def test_has_nothing_on_it_for_a_sku_that_was_only_asked_for() -> None:
    nothing = {"sku": TEAPOT, "on_hand": 0, "reserved": 0, "available": 0, "version": 1}
    assert document_after(card, TEAPOTS_DECLINED_FOR_ADAS_UNLUCKY_ORDER) == nothing
