"""What is shown of a dead letter by default: everything but secrets, wherever a broken client has put them."""

import json
from typing import Any

import pytest

from contracts.users.examples import CREATE_ADA_WITH_PASSWORD, PASSWORD_HASH
from tests.dead_letters.letters import original, read_back
from workers.operations.dead_letters.letter import Letter, letter_of
from workers.operations.dead_letters.showing import MASK, headers_shown, value_shown

SECRET = "correct horse battery staple"


def letter(value: bytes, headers: Any = ()) -> Letter:
    return letter_of(read_back(original(value=value, headers=headers)))


def test_is_a_commands_fields_without_its_password_hash() -> None:
    shown = value_shown(letter(CREATE_ADA_WITH_PASSWORD.to_json()))
    assert shown.fields == {**CREATE_ADA_WITH_PASSWORD.model_dump(exclude_unset=True), "password_hash": MASK}


@pytest.mark.parametrize(
    "fields",
    [
        {"Password": SECRET},
        {"user": [{"apiToken": SECRET}]},
        {"credentials": {"value": [SECRET]}},
        {"payload": json.dumps({"password": SECRET})},
        {"payload": "  " + json.dumps([{"password": SECRET}])},
        {"note": f"$argon2id${SECRET}"},
    ],
    ids=["a capital", "deep inside", "all below the name", "JSON within JSON", "a list in it", "a hash elsewhere"],
)
def test_is_not_what_is_named_like_a_secret(fields: Any) -> None:
    shown = value_shown(letter(json.dumps(fields).encode()))
    assert shown.fields is not None
    assert SECRET not in json.dumps(shown)
    assert MASK in json.dumps(shown)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_is_not_a_broken_json_that_may_hold_a_secret(encoding: str) -> None:
    shown = value_shown(letter(f'{{"password_hash": "{PASSWORD_HASH}", '.encode(encoding)))
    assert shown.text is None
    assert shown.fields is None
    assert shown.note is not None
    assert "--raw" in shown.note


def test_is_a_broken_json_without_one_escaped() -> None:
    shown = value_shown(letter(b'{"city": "Turin\x1b[31m\xff'))
    assert shown.text == r'{"city": "Turin\x1b[31m\xff'


def test_is_the_beginning_of_a_long_one() -> None:
    shown = value_shown(letter(b"x" * 100_000))
    assert shown.text == "x" * 4000
    assert shown.note is not None
    assert "100000 bytes" in shown.note


def test_is_a_text_as_long_as_may_be_shown() -> None:
    shown = value_shown(letter(b"x" * 4000))
    assert (shown.text, shown.note) == ("x" * 4000, None)


def test_is_a_text_that_only_speaks_of_secrets() -> None:
    fields = {"note": "she has forgotten her password", "more": "{x}"}
    assert value_shown(letter(json.dumps(fields).encode())).fields == fields


def test_is_that_a_secret_is_not_there() -> None:
    fields = {"password": None, "token": ""}
    assert value_shown(letter(json.dumps(fields).encode())).fields == fields


def test_is_that_there_is_no_value() -> None:
    assert value_shown(letter(b"")).note == "there is no value"


def test_is_every_header_but_those_named_like_a_secret() -> None:
    headers = [("ce_id", b"1"), ("Authorization", SECRET.encode()), ("x", b"Bearer abc"), ("empty", b"")]
    assert headers_shown(letter(b"{}", headers)) == [
        ("ce_id", "1"),
        ("Authorization", MASK),
        ("x", MASK),
        ("empty", ""),
    ]
