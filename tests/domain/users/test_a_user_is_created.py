"""CreateUser."""

from contracts.users.events import UserCreated
from contracts.users.examples import (
    ADA_CREATED,
    ADA_DELETED,
    ADA_WELCOMED,
    CREATE_ADA,
    CREATE_ADA_WITH_PASSWORD,
    CREATE_GRACE,
    GRACE_CREATED,
    PASSWORD_HASH,
    USER_ID,
)
from workers.core.decider import Credential
from workers.domain.users.decider import decider
from workers.testing.scenarios import given

CITYLESS = UserCreated(user_id=USER_ID, first_name="Ada", last_name="Lovelace", email="Ada@Example.org", locale="und")


def test_once_with_the_email_claimed_in_lower_case_and_recorded_as_written() -> None:
    answered = given(decider).when(CREATE_ADA).then(ADA_CREATED).claiming(("email", "ada@example.org")).releasing()
    rejection = answered.decision.claims[0].rejection
    assert rejection.code == "EmailTaken"
    assert "example" not in str(rejection), "what is kept of a rejection holds no personal data"
    assert answered.decision.credential is None


def test_with_the_password_hash_as_a_credential_and_not_in_the_event() -> None:
    answered = given(decider).when(CREATE_ADA_WITH_PASSWORD)
    answered.then(CITYLESS)
    assert answered.decision.credential == Credential(PASSWORD_HASH)


def test_with_a_city_of_null_as_without_a_city() -> None:
    cityless = CREATE_ADA.model_copy(update={"city": None})
    given(decider).when(cityless).then(CITYLESS)


def test_with_the_language_that_was_named_or_an_undetermined_one() -> None:
    named = CREATE_ADA.model_copy(update={"locale": "en-GB"})
    given(decider).when(named).then(ADA_CREATED.model_copy(update={"locale": "en-GB"}))
    for command in (CREATE_ADA, CREATE_ADA.model_copy(update={"locale": None})):
        given(decider).when(command).then(ADA_CREATED.model_copy(update={"locale": "und"}))


def test_with_the_time_that_the_welcome_waits_so_that_a_replay_of_the_event_knows_it() -> None:
    given(decider).when(CREATE_GRACE).then(GRACE_CREATED)


def test_not_when_the_id_is_in_use() -> None:
    given(decider, ADA_CREATED).when(CREATE_ADA).then_rejected("UserAlreadyExists")
    given(decider, ADA_CREATED, ADA_WELCOMED).when(CREATE_ADA).then_rejected("UserAlreadyExists")


def test_not_when_the_id_was_a_deleted_users() -> None:
    given(decider, ADA_CREATED, ADA_DELETED).when(CREATE_ADA).then_rejected("UserAlreadyExists")
