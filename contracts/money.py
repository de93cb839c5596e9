"""Money as messages carry it: an exact decimal number with two places, written as a string, and a currency beside it.

A JSON number is refused: most readers would make a binary fraction of it. Sums are made with `EXACT`, which raises
before it rounds.
"""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

CENT = Decimal("0.01")
MAX_AMOUNT_DIGITS = 20
MAX_UNIT_PRICE_DIGITS = 10

EXACT = Context(prec=200, traps=[Inexact, Rounded, InvalidOperation, Overflow])
"""For sums and products of money: never rounds, and raises when a result would have more than 200 digits."""


def in_cents(value: Decimal) -> Decimal:
    """`value` with exactly two places, so that equal amounts are also written alike. Raises Inexact for a third one."""
    return EXACT.quantize(value, CENT)


def written(value: Decimal) -> str:
    """The text on the wire and in read models: `19.90`. Raises Inexact where two places do not say it all."""
    return f"{in_cents(value):f}"


def _money(digits: int, description: str) -> tuple[Any, ...]:
    """What makes a Decimal a positive amount with at most `digits` digits before the point.

    One pattern serves the model and the schema. It has no zero, no sign, no exponent and no zeros in front.
    """
    form = rf"^([1-9][0-9]{{0,{digits - 1}}}(\.[0-9]{{1,2}})?|0\.([1-9][0-9]?|0[1-9]))$"
    matches = re.compile(form.removesuffix("$")).fullmatch

    def refuse_other_forms(value: Any) -> Any:
        if isinstance(value, Decimal) or (isinstance(value, str) and matches(value)):
            return value
        raise PydanticCustomError(
            "money_form",
            'Input should be a decimal number above zero in quotes, such as "19.90": at most {digits} digits before '
            "the point and two after it",
            {"digits": digits},
        )

    return (
        BeforeValidator(refuse_other_forms),
        Field(ge=CENT, max_digits=digits + 2, decimal_places=2, lt=Decimal(10) ** digits),
        AfterValidator(in_cents),
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
