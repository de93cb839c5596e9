"""Money as messages carry it: an exact decimal number with two places, written as a string, and a currency beside it.

A JSON number is rejected: most readers would turn it into a binary fraction. Sums use `EXACT`, which raises instead of
rounding.
"""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded
from typing import Annotated, Any

from pydantic import (
    Field,
    PlainSerializer,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

CENT = Decimal("0.01")
MAX_AMOUNT_DIGITS = 20
MAX_UNIT_PRICE_DIGITS = 10

EXACT = Context(prec=200, traps=[Inexact, Rounded, InvalidOperation, Overflow])
"""For sums and products of money: never rounds, and raises when a result would have more than 200 digits."""


def in_cents(value: Decimal) -> Decimal:
    """`value` with exactly two places, so that equal amounts have equal texts. Raises Inexact for a third place."""
    return EXACT.quantize(value, CENT)


def written(value: Decimal) -> str:
    """The text on the wire and in read models: `19.90`. Raises Inexact when two places do not suffice."""
    return f"{in_cents(value):f}"


def _money(digits: int, description: str) -> tuple[Any, ...]:
    """The annotations that make a Decimal a positive amount with at most `digits` digits before the point.

    The model and the schema use one pattern. It allows no zero amount, sign, exponent or leading zero.
    """
    form = rf"^([1-9][0-9]{{0,{digits - 1}}}(\.[0-9]{{1,2}})?|0\.([1-9][0-9]?|0[1-9]))$"
    matches = re.compile(form.removesuffix("$")).fullmatch

    def read(value: Any, checked: ValidatorFunctionWrapHandler) -> Decimal:
        if isinstance(value, str) and matches(value):
            # The form says all that the checks of a Decimal would: they take many times as long.
            return in_cents(Decimal(value))
        if isinstance(value, Decimal):
            return in_cents(checked(value))
        raise PydanticCustomError(
            "money_form",
            'Input should be a decimal number above zero in quotes, such as "19.90": at most {digits} digits before '
            "the point and two after it",
            {"digits": digits},
        )

    return (
        Field(ge=CENT, max_digits=digits + 2, decimal_places=2, lt=Decimal(10) ** digits),
        WrapValidator(read),
        PlainSerializer(written, return_type=str),
        WithJsonSchema({"type": "string", "pattern": form, "description": description, "examples": ["19.90"]}),
    )


Amount = Annotated[Decimal, *_money(MAX_AMOUNT_DIGITS, "Money: a decimal number above zero, at most two places.")]
"""A positive amount of money."""

UnitPrice = Annotated[
    Decimal, *_money(MAX_UNIT_PRICE_DIGITS, "The price of one piece: a decimal number above zero, at most two places.")
]
"""The price of one piece. With the limits of an order's lines, every total is an `Amount`."""

Currency = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    Field(description="A currency's code after ISO 4217.", examples=["EUR"]),
]
"""A currency's code. Amounts of two currencies are never added."""
