"""The projection "accounts"."""

from contracts.payments.examples import (
    CAPTURED_FOR_ADAS_ORDER,
    DECLINED_FOR_ADAS_BIG_ORDER,
    DEPOSITED_FOR_ADA,
    RELEASED_FOR_ADAS_UNLUCKY_ORDER,
    RESERVED_FOR_ADAS_ORDER,
    RESERVED_FOR_ADAS_UNLUCKY_ORDER,
)
from contracts.users.examples import USER_ID
from workers.domain.payments.card import card
from workers.testing.scenarios import document_after

NEW_CARD = {
    "user_id": USER_ID,
    "currency": "EUR",
    "balance": "100.00",
    "reserved": "0.00",
    "available": "100.00",
    "captured": "0.00",
    "version": 1,
}


def test_begins_with_the_first_deposit() -> None:
    assert document_after(card, DEPOSITED_FOR_ADA) == NEW_CARD


def test_adds_up_deposits() -> None:
    twice = NEW_CARD | {"balance": "200.00", "available": "200.00", "version": 2}
    assert document_after(card, DEPOSITED_FOR_ADA, DEPOSITED_FOR_ADA) == twice


def test_says_what_is_reserved_and_what_is_left() -> None:
    reserved = NEW_CARD | {"reserved": "34.40", "available": "65.60", "version": 2}
    assert document_after(card, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER) == reserved


def test_says_what_is_spent() -> None:
    captured = NEW_CARD | {"balance": "65.60", "available": "65.60", "captured": "34.40", "version": 3}
    assert document_after(card, DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_ORDER, CAPTURED_FOR_ADAS_ORDER) == captured


def test_shows_nothing_of_a_released_reservation() -> None:
    events = (DEPOSITED_FOR_ADA, RESERVED_FOR_ADAS_UNLUCKY_ORDER, RELEASED_FOR_ADAS_UNLUCKY_ORDER)
    assert document_after(card, *events) == NEW_CARD | {"version": 3}


def test_moves_its_version_on_with_a_decline() -> None:
    assert document_after(card, DEPOSITED_FOR_ADA, DECLINED_FOR_ADAS_BIG_ORDER) == NEW_CARD | {"version": 2}
