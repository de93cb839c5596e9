"""UpdateUser."""

from contracts.users.commands import UpdateUser
from contracts.users.events import UserUpdated
from contracts.users.examples import (
    ADA_CREATED,
    ADA_DELETED,
    ADA_MOVED_TO_TURIN,
    ADAS_CITY_CLEARED,
    ADAS_EMAIL_CHANGED,
    CHANGE_ADAS_EMAIL,
    CLEAR_ADAS_CITY,
    MOVE_ADA_TO_TURIN,
    USER_ID,
)
from workers.domain.users.decider import decider
from workers.testing.scenarios import given


def test_with_only_what_differs_in_the_event() -> None:
    command = UpdateUser(user_id=USER_ID, first_name="Ada", last_name="King", city="London")
    given(decider, ADA_CREATED).when(command).then(UserUpdated(user_id=USER_ID, last_name="King"))


def test_from_what_earlier_changes_left() -> None:
    given(decider, ADA_CREATED).when(MOVE_ADA_TO_TURIN).then(ADA_MOVED_TO_TURIN)
    given(decider, ADA_CREATED, ADA_MOVED_TO_TURIN).when(MOVE_ADA_TO_TURIN).then_nothing()


def test_quietly_when_nothing_is_given() -> None:
    given(decider, ADA_CREATED).when(UpdateUser(user_id=USER_ID)).then_nothing()


def test_by_null_to_have_no_city_and_quietly_so_the_second_time() -> None:
    given(decider, ADA_CREATED).when(CLEAR_ADAS_CITY).then(ADAS_CITY_CLEARED)
    given(decider, ADA_CREATED, ADAS_CITY_CLEARED).when(CLEAR_ADAS_CITY).then_nothing()


def test_with_a_new_email_claimed_and_the_old_one_released() -> None:
    answered = given(decider, ADA_CREATED).when(CHANGE_ADAS_EMAIL).then(ADAS_EMAIL_CHANGED)
    answered.claiming(("email", "countess@example.org")).releasing(("email", "ada@example.org"))
    rejection = answered.decision.claims[0].rejection
    assert rejection.code == "EmailTaken"
    assert "example" not in str(rejection), "what is kept of a rejection holds no personal data"


def test_with_another_spelling_of_the_same_email_recorded_but_not_claimed_again() -> None:
    command = UpdateUser(user_id=USER_ID, email="ADA@example.ORG")
    answered = given(decider, ADA_CREATED).when(command)
    answered.then(UserUpdated(user_id=USER_ID, email="ADA@example.ORG")).claiming().releasing()


def test_not_when_there_is_no_such_user() -> None:
    given(decider).when(MOVE_ADA_TO_TURIN).then_rejected("UserNotFound")
    given(decider, ADA_CREATED, ADA_DELETED).when(MOVE_ADA_TO_TURIN).then_rejected("UserNotFound")
