"""ChangePassword."""

from contracts.users.examples import (
    ADA_CREATED,
    ADA_DELETED,
    ADAS_PASSWORD_CHANGED,
    CHANGE_ADAS_PASSWORD,
    PASSWORD_HASH,
)
from workers.core.decider import Credential
from workers.domain.users.decider import decider
from workers.testing.scenarios import given


def test_in_the_credentials_while_the_event_only_says_that_it_was() -> None:
    answered = given(decider, ADA_CREATED).when(CHANGE_ADAS_PASSWORD).then(ADAS_PASSWORD_CHANGED)
    assert answered.decision.credential == Credential(PASSWORD_HASH)


def test_again_when_asked_again_because_no_state_knows_the_old_one() -> None:
    given(decider, ADA_CREATED, ADAS_PASSWORD_CHANGED).when(CHANGE_ADAS_PASSWORD).then(ADAS_PASSWORD_CHANGED)


def test_not_when_there_is_no_such_user() -> None:
    given(decider).when(CHANGE_ADAS_PASSWORD).then_rejected("UserNotFound")
    given(decider, ADA_CREATED, ADA_DELETED).when(CHANGE_ADAS_PASSWORD).then_rejected("UserNotFound")
