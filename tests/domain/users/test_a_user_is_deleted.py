"""DeleteUser."""

from contracts.users.commands import DeleteUser
from contracts.users.events import UserDeleted
from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADAS_EMAIL_CHANGED, DELETE_ADA, USER_ID
from workers.core.decider import Credential
from workers.domain.users.decider import decider
from workers.testing.scenarios import given


def test_with_the_email_released_and_the_credential_removed() -> None:
    answered = given(decider, ADA_CREATED).when(DELETE_ADA).then(ADA_DELETED)
    answered.claiming().releasing(("email", "ada@example.org"))
    assert answered.decision.credential == Credential(None)


def test_with_the_email_released_that_the_user_has_now() -> None:
    given(decider, ADA_CREATED, ADAS_EMAIL_CHANGED).when(DELETE_ADA).releasing(("email", "countess@example.org"))


def test_without_a_reason_when_none_is_given() -> None:
    given(decider, ADA_CREATED).when(DeleteUser(user_id=USER_ID)).then(UserDeleted(user_id=USER_ID))


def test_once() -> None:
    given(decider, ADA_CREATED, ADA_DELETED).when(DELETE_ADA).then_rejected("UserNotFound")


def test_not_when_there_is_no_such_user() -> None:
    given(decider).when(DELETE_ADA).then_rejected("UserNotFound")
