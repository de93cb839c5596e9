"""`annals send inventory.ReceiveStock sku=tea quantity=10`: typed text is converted to the types of the model."""

import shlex
from decimal import Decimal
from typing import Any

import pytest
import typer

from contracts.message import Command
from contracts.orders.commands import PlaceOrder
from contracts.orders.examples import PLACE_ADAS_ORDER, PLACE_ADAS_UNLUCKY_ORDER
from contracts.orders.lines import OrderLine
from infra.cli.command_line_values import command_from, command_type, fields_of
from infra.cli.typed_values import typed
from infra.passwords import Argon2Passwords

LINES = (
    OrderLine(sku="tea", quantity=2, unit_price=Decimal("9.90")),
    OrderLine(sku="pot", quantity=1, unit_price=Decimal("24.50")),
)


async def _made(name: str, *words: str) -> Command:
    return await command_from(command_type(name), fields_of(words), Argon2Passwords())


@pytest.mark.parametrize(
    ("name", "words", "field", "value"),
    [
        ("inventory.ReceiveStock", ("sku=7", "quantity=10"), "quantity", 10),
        ("inventory.ReceiveStock", ("sku=7", "quantity=10"), "sku", "7"),
        ("inventory.ReceiveStock", ("sku=7", "quantity:=10"), "quantity", 10),
        ("payments.DepositFunds", ("user_id=ada", "amount=100", "currency=EUR"), "amount", Decimal("100.00")),
        ("users.UpdateUser", ("user_id=ada", "city=null"), "city", "null"),
        ("users.UpdateUser", ("user_id=ada", "city=[1]"), "city", "[1]"),
        ("users.UpdateUser", ("user_id=ada", "city:=null"), "city", None),
    ],
)
async def test_a_number_where_the_model_has_a_number_and_else_a_text(
    name: str, words: tuple[str, ...], field: str, value: Any
) -> None:
    assert getattr(await _made(name, *words), field) == value


@pytest.mark.parametrize(
    "lines",
    [
        "tea 2 9.90, pot 1 24.50",
        " tea  2 9.90,pot 1 24.5 ",
        '[{"sku":"tea","quantity":2,"unit_price":"9.90"}, {"sku":"pot","quantity":1,"unit_price":"24.50"}]',
    ],
)
async def test_a_list_as_json_or_as_items_and_words(lines: str) -> None:
    made = await _made("orders.PlaceOrder", "user_id=ada", "currency=EUR", f"lines={lines}", "confirm_within_seconds=5")
    assert isinstance(made, PlaceOrder)
    assert made.lines == LINES
    assert made.confirm_within_seconds == 5


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lines=tea 2",), "lines: item 1 has 2 words; type sku quantity unit_price"),
        (("lines=tea 2 9.90, ",), "lines: item 2 has 0 words"),
        (("lines=tea two 9.90",), "lines.0.quantity: Input should be a valid integer"),
        (('lines=[{"sku"',), "lines is not valid JSON"),
        (('lines=[{"sku":"tea","quantity":2,"unit_price":9.9}]',), "should be a decimal number above zero in quotes"),
        (
            ("lines=tea 2 9.90", "confirm_within_seconds=soon"),
            "confirm_within_seconds: Input should be a valid",
        ),
        (("lines=tea 2 9.90", "confirm_within_seconds=1.5"), "confirm_within_seconds: Input should be a valid"),
    ],
)
async def test_not_to_a_type_that_the_text_does_not_fit(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(typer.BadParameter, match=says.replace(".", r"\.")):
        await _made("orders.PlaceOrder", "user_id=ada", "currency=EUR", *words)


@pytest.mark.parametrize("command", [PLACE_ADAS_ORDER, PLACE_ADAS_UNLUCKY_ORDER])
async def test_a_command_can_be_typed_as_it_is_shown(command: PlaceOrder) -> None:
    name, *words = shlex.split(" ".join(typed(command)))
    assert await _made(name, *words) == command
