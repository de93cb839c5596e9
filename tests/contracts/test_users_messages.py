"""Rules of the users messages that the laws do not tell."""

import re

import pytest
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY
from pydantic import ValidationError

from contracts.message import Message
from contracts.schemas import schema_of
from contracts.users.commands import ChangePassword, CreateUser, UpdateUser
from contracts.users.events import UserUpdated
from contracts.users.examples import CHANGE_ADAS_PASSWORD, CREATE_ADA, CREATE_ADA_WITH_PASSWORD, PASSWORD_HASH, USER_ID

SCHEMA = schema_of(ChangePassword)["properties"]["password_hash"]


@pytest.mark.parametrize("field", ["first_name", "last_name", "email"])
@pytest.mark.parametrize("model", [UpdateUser, UserUpdated])
def test_null_is_refused_where_a_value_must_stay(model: type[Message], field: str) -> None:
    with pytest.raises(ValidationError) as rejection:
        model.model_validate({"user_id": USER_ID, field: None})
    (error,) = rejection.value.errors()
    assert error["loc"] == (field,)
    assert "leave the field out" in error["msg"]


def test_null_clears_the_city_and_differs_from_leaving_it_out() -> None:
    assert UpdateUser(user_id=USER_ID, city=None).to_json() == b'{"user_id":"%s","city":null}' % USER_ID.encode()
    assert UpdateUser(user_id=USER_ID).to_json() == b'{"user_id":"%s"}' % USER_ID.encode()


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "@example.org", "ada@localhost", "a da@example.org", "a@b@example.org", "ada@example..org"],
)
def test_what_is_no_email_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationError, match="email"):
        CreateUser(user_id=USER_ID, first_name="Ada", last_name="Lovelace", email=email)


@pytest.mark.parametrize("user_id", ["", "with space", "a/b", "-first", "ä", "x" * 129])
def test_what_is_no_safe_stream_id_is_refused(user_id: str) -> None:
    with pytest.raises(ValidationError, match="user_id"):
        CREATE_ADA.model_validate(CREATE_ADA.model_dump() | {"user_id": user_id})


def test_white_space_around_a_name_is_dropped() -> None:
    assert CreateUser(user_id=USER_ID, first_name=" Ada ", last_name="L", email=" a@b.org ").first_name == "Ada"


@pytest.mark.parametrize(
    "tag",
    ["en", "pt-BR", "und", "zh-Hant-TW", "zh-cmn-Hans-CN", "sl-rozaj-biske", "de-CH-1901", "es-419", "en-a-myext-b-b2"],
)
def test_a_language_tag_is_kept_as_it_was_written(tag: str) -> None:
    assert CREATE_ADA.model_validate(CREATE_ADA.model_dump() | {"locale": tag}).locale == tag
    assert CREATE_ADA.model_validate(CREATE_ADA.model_dump() | {"locale": tag.upper()}).locale == tag.upper()


TOO_LONG = "en-variant-variant-variant-variants2"


@pytest.mark.parametrize(
    "tag",
    ["", "e", "english language", "en_GB", "en-", "-en", "en--GB", "e1", "de-419-DE", "a-DE", "en-x", "en\n", TOO_LONG],
)
def test_what_is_no_language_tag_is_refused_for_a_user(tag: str) -> None:
    with pytest.raises(ValidationError, match="locale"):
        CREATE_ADA.model_validate(CREATE_ADA.model_dump() | {"locale": tag})


@pytest.mark.parametrize("model", [CreateUser, ChangePassword])
def test_a_password_in_the_clear_is_refused_without_being_repeated(model: type[Message]) -> None:
    with pytest.raises(ValidationError) as rejection:
        model.model_validate(CREATE_ADA.model_dump() | {"password_hash": "correct horse"})
    assert "correct horse" not in str(rejection.value)


SALT, HASH = "c2FsdC1mb3ItdGVzdHM", "bm90LWEtcmVhbC1oYXNoLWF0LWFsbA"


def hashed(memory: object = 65536, passes: object = 3, lanes: object = 4, *, salt: str = SALT, tag: str = HASH) -> str:
    return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tag}"


@pytest.mark.parametrize(
    "password_hash",
    [
        *[hashed(memory=memory) for memory in (19_456, 19_460, 19_500, 20_000, 65_536, 99_999, 100_000, 299_999)],
        *[hashed(passes=passes) for passes in (2, 3, 9, 10)],
        *[hashed(lanes=lanes) for lanes in (1, 4, 9, 10, 16)],
    ],
)
def test_a_hash_of_a_usual_cost_is_accepted(password_hash: str) -> None:
    _is_accepted(password_hash)


@pytest.mark.parametrize(
    "hasher",
    [
        PasswordHasher(),
        PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY),
        PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1),
    ],
    ids=["by default", "RFC 9106", "OWASP"],
)
def test_what_the_library_makes_is_accepted(hasher: PasswordHasher) -> None:
    _is_accepted(hasher.hash("correct horse"))


def _is_accepted(password_hash: str) -> None:
    assert ChangePassword(user_id=USER_ID, password_hash=password_hash).password_hash == password_hash
    assert re.search(SCHEMA["pattern"], password_hash)


@pytest.mark.parametrize(
    "password_hash",
    [
        *[hashed(memory=memory) for memory in (8, 1024, 9999, 19_455, 300_000, 1_000_000, "019456", "19456 ", -1)],
        *[hashed(passes=passes) for passes in (0, 1, 11, 99, 4_294_967_295, "02")],
        *[hashed(lanes=lanes) for lanes in (0, 17, 100, "01")],
        hashed(salt="c2FsdA"),
        hashed(salt="s" * 87),
        hashed(tag="aGFzaA"),
        hashed(tag="t" * 87),
        hashed(tag=HASH + "\n"),
        hashed(tag=HASH + "$" + HASH),
        hashed().replace("v=19", "v=16"),
        hashed().replace("argon2id", "argon2i"),
        hashed().replace("m=65536,", ""),
        hashed().replace("p=4", "p=4,t=1"),
    ],
)
def test_a_hash_without_cost_or_of_absurd_cost_is_refused(password_hash: str) -> None:
    """The first would give the password away, the second exhaust whoever checks it. The schema says the same."""
    for model in (CreateUser, ChangePassword):
        with pytest.raises(ValidationError, match="password_hash"):
            model.model_validate(CREATE_ADA.model_dump() | {"password_hash": password_hash})
    assert not re.fullmatch(SCHEMA["pattern"].removesuffix("$"), password_hash)


def test_a_password_hash_is_not_shown_with_its_command() -> None:
    for command in (CREATE_ADA_WITH_PASSWORD, CHANGE_ADAS_PASSWORD):
        assert PASSWORD_HASH not in repr(command)
        assert PASSWORD_HASH not in str(command)
        assert PASSWORD_HASH in command.to_json().decode()
