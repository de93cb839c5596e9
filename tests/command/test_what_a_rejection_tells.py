"""A command whose fields fail is rejected with each field's name and what is wrong with it: enough, and bounded."""

import json
from typing import Any

import pytest

from contracts.catalogue import catalogue
from contracts.orders.examples import PLACE_ADAS_ORDER
from contracts.topics import MAX_MESSAGE_BYTES
from contracts.users.commands import UpdateUser
from contracts.users.examples import CREATE_ADA
from tests.command.installation import record
from workers.command.reading import Request, read
from workers.core.decider import Rejection

MODELS = catalogue().commands
UPDATE = UpdateUser(user_id="ada")


def refused(value: bytes, key: bytes | None = None) -> Rejection:
    """The rejection of an UpdateUser with this value."""
    original = record(UPDATE, 1)._replace(value=value)
    result = read(original if key is None else original._replace(key=key), MODELS, "users")
    assert isinstance(result, Request)
    assert result.command is None
    assert result.rejection is not None
    assert result.rejection.code == "ValidationFailed"
    return result.rejection


def with_fields(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_is_the_name_of_each_field_and_what_is_wrong_with_it() -> None:
    rejection = refused(with_fields(last_name=7, first_name="", city="Turin"))
    assert rejection.message == "invalid: first_name, last_name"
    assert {detail["field"]: detail["message"] for detail in rejection.details} == {
        "first_name": "String should have at least 1 character",
        "last_name": "Input should be a valid string",
    }


def test_is_the_way_to_a_field_deep_inside() -> None:
    fields = json.loads(PLACE_ADAS_ORDER.to_json())
    fields["lines"][1]["quantity"] = "many"
    result = read(record(PLACE_ADAS_ORDER, 1)._replace(value=with_fields(**fields)), MODELS, "orders")
    assert isinstance(result, Request)
    assert result.rejection is not None
    assert [detail["field"] for detail in result.rejection.details] == ["lines.1.quantity"]


def test_is_what_is_wrong_with_the_whole_when_no_field_is_to_blame() -> None:
    rejection = refused(b'{"city": "\\ud800"}')
    assert rejection.message == rejection.details[0]["message"]
    assert "lone surrogate" in rejection.message


def test_is_the_size_that_a_command_may_have() -> None:
    largest = with_fields(city="x" * (MAX_MESSAGE_BYTES - len(with_fields(city=""))))
    assert len(largest) == MAX_MESSAGE_BYTES
    assert refused(largest).details[0]["field"] == "city", "it is read"
    rejection = refused(largest + b" ")
    assert (
        rejection.message == f"the command has {MAX_MESSAGE_BYTES + 1} bytes; at most {MAX_MESSAGE_BYTES} are allowed"
    )
    assert rejection.details == [{"field": "", "message": rejection.message}]


def test_is_the_key_that_the_stream_must_be() -> None:
    rejection = refused(with_fields(user_id="grace", city="Turin"))
    message = "must be the record's key, which is 'ada'"
    assert rejection == ("ValidationFailed", f"user_id {message}", [{"field": "user_id", "message": message}])


@pytest.mark.parametrize("mark", ["\x00", "\x01", "\x1f", "\x7f"])
def test_is_a_foreign_field_by_a_name_that_can_be_stored(mark: str) -> None:
    assert [detail["field"] for detail in refused(with_fields(**{f"a{mark}b": 1})).details] == ["a�b"]


def test_is_a_foreign_field_by_the_beginning_of_its_name() -> None:
    assert [detail["field"] for detail in refused(with_fields(**{"x" * 201: 1})).details] == ["x" * 200]
    assert len(refused(with_fields(**{f"{number}{'x' * 300}": 1 for number in range(10, 20)})).message) == 500


def test_is_no_more_than_fifty_fields() -> None:
    assert len(refused(with_fields(**{f"f{number}": 1 for number in range(51)})).details) == 50


def test_is_nothing_of_a_command_that_left_its_stream_to_the_key_but_what_else_is_wrong() -> None:
    original = record(CREATE_ADA, 1)._replace(value=with_fields(first_name="Ada", email="ada@example.org"))
    result = read(original, MODELS, "users")
    assert isinstance(result, Request)
    assert result.rejection is not None
    assert [detail["field"] for detail in result.rejection.details] == ["last_name"]
