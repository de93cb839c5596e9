"""Decimal quantities as messages carry them, such as a weight or a length: exact, and written as a string.

    Weight = Annotated[Decimal, DecimalQuantity(whole_digits=6, places=3)]  # in kilograms, to the gram

A JSON number is rejected, as an amount of money is (money.py): most readers would turn it into a binary fraction. The
unit is no part of the value: the field's name or its description says it. Sums and products use `money.EXACT`.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, Inexact, InvalidOperation
from functools import cached_property
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from contracts.money import EXACT

MAX_DIGITS = 100
"""Before and behind the point together. A product of two such quantities still has an exact result."""


class MisdeclaredQuantity(ValueError):
    """A quantity is declared with digits that no value can have. Correct the declaration."""

    def __init__(self, whole_digits: int, places: int) -> None:
        super().__init__(
            f"a quantity has 1 digit or more before the point, 0 or more behind it, and {MAX_DIGITS} at most: not "
            f"whole_digits={whole_digits}, places={places}"
        )
        self.whole_digits, self.places = whole_digits, places


@dataclass(frozen=True)
class DecimalQuantity:
    """Says of a Decimal that it has at most `whole_digits` digits before the point and `places` behind it.

    It is zero or more; with `is_signed` it may be below zero, and with `is_never_zero` it is not zero. The model and
    the JSON schema use one pattern: no exponent, no leading zero, no plus sign, no negative zero. What has fewer places
    is read as well; a value has exactly `places`, so that equal quantities have equal texts. In Python a Decimal is
    taken too, but no float and no int. Raises MisdeclaredQuantity.
    """

    whole_digits: int
    places: int
    is_signed: bool = False
    is_never_zero: bool = False

    def __post_init__(self) -> None:
        if self.whole_digits < 1 or self.places < 0 or self.whole_digits + self.places > MAX_DIGITS:
            raise MisdeclaredQuantity(self.whole_digits, self.places)

    def text(self, value: Decimal) -> str:
        """The text on the wire and for read models: `12.500`. Raises Inexact when the places do not suffice."""
        return f"{self._whole(value):f}"

    def units(self, value: Decimal) -> int:
        """How often the value has the smallest quantity above zero: for the sums of windows, which are whole numbers.
        Raises Inexact when the places do not suffice.
        """
        return int(EXACT.scaleb(self._whole(value), self.places))

    @property
    def pattern(self) -> str:
        """The form of a text, as a regular expression of JSON Schema."""
        above_zero = rf"[1-9][0-9]{{0,{self.whole_digits - 1}}}{self._behind_the_point('[0-9]')}"
        for zeros in range(self.places):
            above_zero += rf"|0\.0{{{zeros}}}[1-9][0-9]{{0,{self.places - 1 - zeros}}}"
        signed = f"-?({above_zero})" if self.is_signed else above_zero
        return f"^({signed})$" if self.is_never_zero else f"^({signed}|0{self._behind_the_point('0')})$"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(self.text)
        )

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler, /) -> dict[str, Any]:
        description = f"A decimal number{self._range}, at most {self.places} places."
        return {"type": "string", "pattern": self.pattern, "description": description, "examples": [self._example]}

    @cached_property
    def _matches(self) -> re.Pattern[str]:
        return re.compile(self.pattern.removeprefix("^").removesuffix("$"))

    def _read(self, value: Any) -> Decimal:
        if isinstance(value, str) and self._matches.fullmatch(value):
            return self._whole(Decimal(value))
        if isinstance(value, Decimal) and value.is_finite():
            try:
                whole = self._whole(value)
            except (Inexact, InvalidOperation):
                raise self._refusal() from None
            if self._matches.fullmatch(f"{whole:f}"):
                return whole
        raise self._refusal()

    def _refusal(self) -> PydanticCustomError:
        return PydanticCustomError(
            "quantity_form",
            'Input should be a decimal number{range} in quotes, such as "{example}": at most {whole_digits} digits '
            "before the point and {places} behind it, without an exponent",
            {
                "range": self._range,
                "example": self._example,
                "whole_digits": self.whole_digits,
                "places": self.places,
            },
        )

    def _whole(self, value: Decimal) -> Decimal:
        """The value with exactly its places. Raises Inexact or InvalidOperation."""
        quantized = EXACT.quantize(value, EXACT.scaleb(Decimal(1), -self.places))
        return quantized or quantized.copy_abs()

    def _behind_the_point(self, digit: str) -> str:
        return rf"(\.{digit}{{1,{self.places}}})?" if self.places else ""

    @property
    def _example(self) -> str:
        return self.text(Decimal(1))

    @property
    def _range(self) -> str:
        if self.is_signed:
            return " other than zero" if self.is_never_zero else ""
        return " above zero" if self.is_never_zero else " of zero or more"
