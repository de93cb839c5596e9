"""PlaceOrder."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

from hypothesis import given as drawn
from hypothesis import strategies as st

from contracts.money import MAX_UNIT_PRICE_DIGITS
from contracts.orders.commands import PlaceOrder
from contracts.orders.events import OrderPlaced
from contracts.orders.examples import (
    ADAS_BIG_ORDER_CANCELLED,
    ADAS_BIG_ORDER_PLACED,
    ADAS_ORDER_PLACED,
    ADAS_UNLUCKY_ORDER_PLACED,
    ORDER_ID,
    PLACE_ADAS_BIG_ORDER,
    PLACE_ADAS_ORDER,
    PLACE_ADAS_UNLUCKY_ORDER,
)
from contracts.orders.lines import MAX_LINES, OrderLine
from contracts.users.examples import USER_ID
from workers.domain.orders.decider import decider, total
from workers.testing.scenarios import given, through_json

MOST_PIECES = 1_000_000
HIGHEST_PRICE = Decimal(10**MAX_UNIT_PRICE_DIGITS) - Decimal("0.01")

lines = st.lists(
    st.tuples(st.integers(1, MOST_PIECES), st.integers(1, 10 ** (MAX_UNIT_PRICE_DIGITS + 2) - 1)), min_size=1
)


def test_with_the_total_computed_from_its_lines() -> None:
    given(decider).when(PLACE_ADAS_ORDER).then(ADAS_ORDER_PLACED)


def test_with_the_time_that_it_may_wait_when_that_is_given() -> None:
    given(decider).when(PLACE_ADAS_UNLUCKY_ORDER).then(ADAS_UNLUCKY_ORDER_PLACED)


def test_not_without_a_line() -> None:
    empty = PlaceOrder(order_id=ORDER_ID, user_id=USER_ID, lines=(), currency="EUR")
    given(decider).when(empty).then_rejected("EmptyOrder")


def test_not_when_the_id_is_in_use_even_by_a_cancelled_order() -> None:
    given(decider, ADAS_ORDER_PLACED).when(PLACE_ADAS_ORDER).then_rejected("OrderAlreadyExists")
    cancelled = given(decider, ADAS_BIG_ORDER_PLACED, ADAS_BIG_ORDER_CANCELLED)
    cancelled.when(PLACE_ADAS_BIG_ORDER).then_rejected("OrderAlreadyExists")


@drawn(lines, st.integers(1, 6))
def test_for_a_total_that_no_rounding_touches(quantities_and_cents: list[tuple[int, int]], digits: int) -> None:
    ordered = tuple(
        OrderLine(sku="tea", quantity=quantity, unit_price=Decimal(cents).scaleb(-2))
        for quantity, cents in quantities_and_cents
    )
    with localcontext(Context(prec=digits)):
        computed = total(ordered)
    assert Fraction(computed) * 100 == sum(quantity * cents for quantity, cents in quantities_and_cents)


def test_up_to_the_most_expensive_order_that_can_be_written() -> None:
    dearest = OrderLine(sku="tea", quantity=MOST_PIECES, unit_price=HIGHEST_PRICE)
    command = PlaceOrder(order_id=ORDER_ID, user_id=USER_ID, lines=(dearest,) * MAX_LINES, currency="EUR")
    (event,) = given(decider).when(command).decision.events
    assert isinstance(event, OrderPlaced)
    assert event.total == Decimal("999999999999000000.00")
    assert through_json(event) == event
