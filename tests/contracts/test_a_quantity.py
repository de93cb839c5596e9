"""Decimal quantities in messages: exact, with their own number of places, and never a JSON number."""

import json
import re
from decimal import Decimal, Inexact
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import Field, ValidationError

from contracts.compatibility.rules import command_breaks
from contracts.fields import Identifier
from contracts.message import Command, Message
from contracts.quantity import DecimalQuantity, MisdeclaredQuantity
from contracts.schemas import schema_of
from workers.testing.drawing import messages

KILOGRAMS = DecimalQuantity(whole_digits=6, places=3)
Weight = Annotated[Decimal, KILOGRAMS]
Change = Annotated[Decimal, DecimalQuantity(whole_digits=2, places=1, is_signed=True, is_never_zero=True)]
Whole = Annotated[Decimal, DecimalQuantity(whole_digits=2, places=0, is_signed=True)]


class CrateStream(Message, context="crates", stream_field="crate_id"):
    """The base of the messages here."""

    crate_id: Identifier


class WeighCrate(Command, CrateStream):
    """Its quantities have each their own form."""

    weight: Weight
    tare: Annotated[Weight, Field(description="Of the empty crate, in kilograms.")] = Decimal(0)
    change: Change | None = None
    degrees: Whole | None = None


def weighed(**fields: object) -> WeighCrate:
    return WeighCrate.model_validate({"crate_id": "c-1", "weight": "1", **fields})


@given(message=messages(WeighCrate))
def test_is_drawn_from_its_schema_and_comes_back_as_it_was(message: WeighCrate) -> None:
    read = WeighCrate.model_validate_json(message.to_json())
    assert (read, read.to_json()) == (message, message.to_json())


@given(st.integers(0, 10**9 - 1))
def test_is_a_json_string_that_is_exact_to_the_last_digit(grams: int) -> None:
    text = f"{grams // 1000}.{grams % 1000:03d}"
    command = weighed(weight=text)
    assert json.loads(command.to_json())["weight"] == text
    assert KILOGRAMS.units(command.weight) == grams


@pytest.mark.parametrize(
    ("given_as", "text"),
    [("12", "12.000"), ("0.5", "0.500"), ("0", "0.000"), (Decimal("5E+1"), "50.000"), (Decimal("-0"), "0.000")],
    ids=repr,
)
def test_has_all_its_places_however_it_is_given(given_as: object, text: str) -> None:
    assert KILOGRAMS.text(weighed(weight=given_as).weight) == text


@pytest.mark.parametrize(
    "weight",
    [
        *("", ".5", "1.", "1,5", "01", "+1", "-1", "-0", "1e3", "1E-3", "1.2345", "1234567", " 1", "1\n", "١"),
        *("NaN", "Infinity", "-Infinity", "0x1", "1_000"),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+6"), Decimal("1E+999999")),
        *(Decimal("0.0001"), Decimal("1E-999999"), Decimal(-1)),
        *(1, 1.5, float("inf"), True, None),
    ],
    ids=repr,
)
def test_is_refused_when_it_is_none_with_what_it_should_be(weight: object) -> None:
    with pytest.raises(ValidationError) as rejection:
        weighed(weight=weight)
    (error,) = rejection.value.errors()
    assert error["loc"] == ("weight",)
    assert error["msg"] == (
        'Input should be a decimal number of zero or more in quotes, such as "1.000": at most 6 digits before the '
        "point and 3 behind it, without an exponent"
    )


@pytest.mark.parametrize("number", ["1", "1.5", "1e3", "NaN", "Infinity"])
def test_is_refused_as_a_json_number_with_the_advice_to_quote_it(number: str) -> None:
    with pytest.raises(ValidationError, match="in quotes"):
        WeighCrate.model_validate_json(f'{{"crate_id": "c-1", "weight": {number}}}')


SIGNED = DecimalQuantity(whole_digits=2, places=2, is_signed=True)
NONZERO = DecimalQuantity(whole_digits=1, places=2, is_never_zero=True)
TEXTS = ["0", "0.0", "0.00", "-0", "-0.00", "0.01", "0.10", "-0.01", "0.001", "00.1"]
TEXTS += ["-12.34", "-12", "1.23", "9", "12"]


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        (SIGNED, {"0", "0.0", "0.00", "0.01", "0.10", "-0.01", "-12.34", "-12", "1.23", "9", "12"}),
        (NONZERO, {"0.01", "0.10", "1.23", "9"}),
        (DecimalQuantity(2, 0), {"0", "9", "12"}),
        (DecimalQuantity(2, 0, is_signed=True, is_never_zero=True), {"-12", "9", "12"}),
    ],
    ids=["signed", "never zero", "whole", "signed, whole, never zero"],
)
def test_may_be_below_zero_or_never_zero(form: DecimalQuantity, texts: set[str]) -> None:
    assert {text for text in TEXTS if re.search(form.pattern, text)} == texts


def test_has_a_schema_by_which_others_refuse_the_same() -> None:
    schema = schema_of(WeighCrate)
    Draft202012Validator.check_schema(schema)
    reader = Draft202012Validator(schema)
    assert reader.is_valid({"crate_id": "c-1", "weight": "1.5", "change": "-0.1"})
    for weight in (1.5, "1e3", "NaN", "1.2345", "-1"):
        assert not reader.is_valid({"crate_id": "c-1", "weight": weight})
    assert schema["properties"]["tare"]["description"] == "Of the empty crate, in kilograms."
    assert schema["properties"]["tare"]["pattern"] == KILOGRAMS.pattern


def test_has_limits_that_the_gate_compares() -> None:
    """More digits are another pattern, which cannot be compared for certain: so it is refused."""
    before, now = schema_of(WeighCrate), schema_of(WeighCrate)
    now["properties"]["weight"] = {"type": "string", "pattern": DecimalQuantity(whole_digits=6, places=2).pattern}
    assert command_breaks(before, before) == []
    assert "field `weight`: `pattern`" in "".join(command_breaks(before, now))


async def test_is_described_and_checked_over_http() -> None:
    application = FastAPI()

    @application.post("/crates")
    async def weigh(command: WeighCrate) -> WeighCrate:
        return command

    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        described: Any = (await client.get("/openapi.json")).json()["components"]["schemas"]
        assert described["WeighCrate-Input"]["properties"]["weight"]["pattern"] == KILOGRAMS.pattern
        assert described["WeighCrate-Output"]["properties"]["weight"]["pattern"] == KILOGRAMS.pattern
        answer = await client.post("/crates", json={"crate_id": "c-1", "weight": "1.5"})
        assert answer.json()["weight"] == "1.500"
        assert (await client.post("/crates", json={"crate_id": "c-1", "weight": 1.5})).status_code == 422


@pytest.mark.parametrize(("whole_digits", "places"), [(0, 3), (6, -1), (100, 1)])
def test_that_no_value_can_have_is_not_declared(whole_digits: int, places: int) -> None:
    with pytest.raises(MisdeclaredQuantity, match=f"whole_digits={whole_digits}, places={places}"):
        DecimalQuantity(whole_digits, places)


def test_is_never_rounded_in_silence() -> None:
    for rounded in (KILOGRAMS.text, KILOGRAMS.units):
        with pytest.raises(Inexact):
            rounded(Decimal("0.0001"))


def test_with_many_places_has_no_exponent_either() -> None:
    form = DecimalQuantity(whole_digits=1, places=12)
    assert form.text(Decimal(0)) == "0.000000000000"
    assert form.units(Decimal("0.000000000001")) == 1
