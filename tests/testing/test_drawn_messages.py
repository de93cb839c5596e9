"""Any message can be drawn from its schema; what cannot be is told, with what to do about it."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from contracts.fields import Identifier
from contracts.message import Command, Message
from workers.testing.drawing import CannotDraw, SchemaTooWide, messages


class ThingStream(Message, context="things", stream_field="thing_id"):
    """The base of the messages here."""

    thing_id: Identifier


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=9)]
    parts: tuple["Part", ...] = ()


class Square(BaseModel):
    kind: Literal["square"] = "square"
    side: Annotated[int, Field(ge=1)]


class Circle(BaseModel):
    kind: Literal["circle"] = "circle"
    radius: Annotated[float, Field(gt=0, le=10)]


class Describe(Command, ThingStream):
    """With a field of every kind."""

    weight: float
    ratio: Annotated[float, Field(ge=0, lt=1)]
    price: Decimal
    exact: Annotated[Decimal, Field(max_digits=8, decimal_places=2, ge=0)]
    steps: Annotated[int, Field(multiple_of=5, gt=0, lt=100)]
    any_number: int
    made_on: date
    seen_at: datetime
    opens: time
    lasts: timedelta
    serial: UUID
    address: IPv4Address
    colour: Colour
    is_new: bool
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}\d{3}$")]
    note: Annotated[str, Field(max_length=100)] | None = None
    parts: tuple[Part, ...] = ()
    pair: tuple[int, str] = (1, "a")
    tags: frozenset[Annotated[str, Field(min_length=1, max_length=5)]] = frozenset()
    shape: Annotated[Square | Circle, Field(discriminator="kind")]
    sizes: dict[Literal["s", "m"], int] | None = None


@settings(max_examples=50, deadline=None)
@given(message=messages(Describe))
def test_of_every_kind_of_field_come_back_as_they_were(message: Describe) -> None:
    assert 0 <= message.ratio < 1
    assert message.steps % 5 == 0
    assert 0 < message.steps < 100
    assert Describe.model_validate_json(message.to_json()) == message


def _odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("it is even")
    return number


class Count(Command, ThingStream):
    """With a rule that its schema does not tell."""

    number: Annotated[int, Field(ge=0, le=100), AfterValidator(_odd)]


class Unlike(Command, ThingStream):
    """Of which the schema says nothing."""

    anything: Annotated[Any, WithJsonSchema({"type": "string", "format": "barcode"})]


def test_a_schema_that_says_too_little_is_named() -> None:
    with pytest.raises(CannotDraw, match=r"things\.Unlike\.v1: .* the field anything.*messages\(Unlike, anything=…\)"):
        messages(Unlike)
    drawn = messages(Unlike, anything=st.just("code 1"))

    @settings(max_examples=5)
    @given(message=drawn)
    def all_have_it(message: Unlike) -> None:
        assert message.anything == "code 1"

    all_have_it()


def test_a_schema_that_promises_too_much_is_named_with_the_value() -> None:
    @settings(max_examples=50)
    @given(message=messages(Count))
    def are_drawn(message: Count) -> None:
        assert message.number % 2

    with pytest.raises(SchemaTooWide, match=r'(?s)things\.Count\.v1 allows .*"number": \d+.*it is even'):
        are_drawn()
