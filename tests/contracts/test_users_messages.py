"""Rules of the users messages that the laws do not tell."""

import pytest
from pydantic import ValidationError

from contracts.message import Message
from contracts.users.commands import ChangePassword, CreateUser, UpdateUser
from contracts.users.events import UserUpdated
from contracts.users.examples import CHANGE_ADAS_PASSWORD, CREATE_ADA, CREATE_ADA_WITH_PASSWORD, PASSWORD_HASH, USER_ID


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


@pytest.mark.parametrize("model", [CreateUser, ChangePassword])
def test_a_password_in_the_clear_is_refused_without_being_repeated(model: type[Message]) -> None:
    with pytest.raises(ValidationError) as rejection:
        model.model_validate(CREATE_ADA.model_dump() | {"password_hash": "correct horse"})
    assert "correct horse" not in str(rejection.value)


def test_a_password_hash_is_not_shown_with_its_command() -> None:
    for command in (CREATE_ADA_WITH_PASSWORD, CHANGE_ADAS_PASSWORD):
        assert PASSWORD_HASH not in repr(command)
        assert PASSWORD_HASH not in str(command)
        assert PASSWORD_HASH in command.to_json().decode()
