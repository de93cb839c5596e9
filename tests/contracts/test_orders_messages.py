"""Rules of the orders messages that the laws do not tell."""

import pytest
from pydantic import ValidationError

from contracts.orders.commands import PlaceOrder
from contracts.orders.examples import PLACE_ADAS_ORDER, PLACE_ADAS_UNLUCKY_ORDER
from contracts.orders.lines import MAX_LINES

LINE = {"sku": "tea", "quantity": 1, "unit_price": "4.95"}


def _place(**fields: object) -> PlaceOrder:
    return PlaceOrder.model_validate(PLACE_ADAS_ORDER.model_dump() | fields)


def test_an_order_has_a_hundred_lines_at_most() -> None:
    assert len(_place(lines=[LINE] * MAX_LINES).lines) == MAX_LINES
    with pytest.raises(ValidationError, match="lines"):
        _place(lines=[LINE] * (MAX_LINES + 1))


def test_a_sku_may_stand_on_two_lines() -> None:
    assert len(_place(lines=[LINE, LINE]).lines) == 2


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 1.5, "1", True, None], ids=repr)
def test_what_is_no_quantity_is_refused_with_its_line_named(quantity: object) -> None:
    with pytest.raises(ValidationError) as rejection:
        _place(lines=[LINE, LINE | {"quantity": quantity}])
    assert {error["loc"] for error in rejection.value.errors()} == {("lines", 1, "quantity")}


@pytest.mark.parametrize("stray", ["total", "discount"])
def test_a_line_has_no_other_fields(stray: str) -> None:
    with pytest.raises(ValidationError, match=stray):
        _place(lines=[LINE | {stray: "1.00"}])


def test_only_the_decider_says_what_an_order_costs() -> None:
    with pytest.raises(ValidationError, match="total"):
        _place(total="0.01")


@pytest.mark.parametrize("seconds", [0, -1, 86_401, 1.5, "30"], ids=repr)
def test_an_order_waits_between_a_second_and_a_day(seconds: object) -> None:
    with pytest.raises(ValidationError, match="confirm_within_seconds"):
        _place(confirm_within_seconds=seconds)


def test_the_time_that_an_order_may_wait_stays_away_from_the_wire_when_it_is_not_given() -> None:
    assert b"confirm_within_seconds" not in PLACE_ADAS_ORDER.to_json()
    assert b'"confirm_within_seconds":60' in PLACE_ADAS_UNLUCKY_ORDER.to_json()
