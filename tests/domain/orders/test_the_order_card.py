"""The projection "orders"."""

from contracts.orders.events import OrderCancelled
from contracts.orders.examples import (
    ADAS_BIG_ORDER_CANCELLED,
    ADAS_BIG_ORDER_PLACED,
    ADAS_ORDER_CONFIRMED,
    ADAS_ORDER_DELIVERED,
    ADAS_ORDER_PLACED,
    ADAS_ORDER_SHIPPED,
    BIG_ORDER_ID,
    ORDER_ID,
)
from contracts.users.examples import USER_ID
from workers.core.projection import Index
from workers.domain.orders.card import card, placed_at, placed_by, placed_until, time_in
from workers.testing.scenarios import document_after

PLACED_AT = "2026-01-01T00:00:01.000000Z"
NEW_CARD = {
    "order_id": ORDER_ID,
    "user_id": USER_ID,
    "status": "placed",
    "reason": None,
    "total": "34.40",
    "currency": "EUR",
    "lines": [
        {"sku": "tea-earl-grey", "quantity": 2, "unit_price": "4.95"},
        {"sku": "teapot", "quantity": 1, "unit_price": "24.50"},
    ],
    "timeline": [{"type": "OrderPlaced", "at": PLACED_AT}],
    "version": 1,
    "placed_sequence": 1,
}
ORDER_OF_ENTRY = f"{PLACED_AT} {1:019}"


def test_begins_with_the_order_and_shows_its_lines_and_its_total() -> None:
    assert document_after(card, ADAS_ORDER_PLACED) == NEW_CARD


def test_says_what_happened_to_the_order_and_when() -> None:
    document = document_after(card, ADAS_ORDER_PLACED, ADAS_ORDER_CONFIRMED, ADAS_ORDER_SHIPPED, ADAS_ORDER_DELIVERED)
    timeline = [
        {"type": "OrderPlaced", "at": PLACED_AT},
        {"type": "OrderConfirmed", "at": "2026-01-01T00:00:02.000000Z"},
        {"type": "OrderShipped", "at": "2026-01-01T00:00:03.000000Z"},
        {"type": "OrderDelivered", "at": "2026-01-01T00:00:04.000000Z"},
    ]
    assert document == NEW_CARD | {"status": "delivered", "timeline": timeline, "version": 4}


def test_says_why_the_order_was_cancelled() -> None:
    document = document_after(card, ADAS_BIG_ORDER_PLACED, ADAS_BIG_ORDER_CANCELLED)
    assert document is not None
    assert (document["status"], document["reason"], document["version"]) == ("cancelled", "InsufficientFunds", 2)
    unexplained = OrderCancelled(order_id=BIG_ORDER_ID, user_id=USER_ID)
    document = document_after(card, ADAS_BIG_ORDER_PLACED, unexplained)
    assert document is not None
    assert (document["status"], document["reason"]) == ("cancelled", None)


def test_is_found_by_its_user_in_the_order_of_the_time_placed_however_old_it_grows() -> None:
    for later in ((), (ADAS_ORDER_CONFIRMED,), (ADAS_ORDER_CONFIRMED, ADAS_ORDER_SHIPPED)):
        document = document_after(card, ADAS_ORDER_PLACED, *later)
        assert document is not None
        assert placed_at(document) == PLACED_AT
        assert card.indexes(document) == {Index("user", USER_ID, order=ORDER_OF_ENTRY)}
        assert time_in(ORDER_OF_ENTRY) == PLACED_AT
        assert PLACED_AT <= ORDER_OF_ENTRY <= placed_until(PLACED_AT) < "2026-01-01T00:00:01.000001Z"
        (entry,) = card.indexes(document)
        assert (entry.name, entry.key) == (placed_by(USER_ID).name, placed_by(USER_ID).key)


def test_keeps_the_entry_that_an_earlier_release_has_made_until_it_is_rebuilt() -> None:
    earlier = {field: value for field, value in NEW_CARD.items() if field != "placed_sequence"}
    assert card.indexes(earlier) == {Index("user", USER_ID, order=PLACED_AT)}
    assert time_in(PLACED_AT) == PLACED_AT


def test_is_not_begun_by_what_happens_to_an_order_that_it_does_not_know() -> None:
    assert document_after(card, ADAS_ORDER_CONFIRMED, ADAS_ORDER_SHIPPED) is None
