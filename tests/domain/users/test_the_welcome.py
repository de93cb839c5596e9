"""The saga "welcome"."""

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserDeleted, UserWelcomed
from contracts.users.examples import (
    ADA_CREATED,
    ADA_DELETED,
    ADA_WELCOMED,
    GRACE_CREATED,
    WELCOME_ADA,
)
from tests.given import recorded, saga_after, saga_with_deadlines_after
from workers.core.saga import ClearDeadline, DeadlinePassed, SetDeadline, Step
from workers.domain.users.welcome import welcome

LATER = SetDeadline("welcome", 3600)
AN_HOUR_LATER = DeadlinePassed(instance_id="grace", deadline="welcome")
GRACE_WELCOMED = UserWelcomed(user_id="grace")
GRACE_DELETED = UserDeleted(user_id="grace")


def test_asks_for_the_welcome_of_a_new_user() -> None:
    state, steps = saga_after(welcome, ADA_CREATED)
    assert state.status == "welcome"
    assert steps == [Step("welcome", WELCOME_ADA)]


def test_ends_when_the_user_is_welcomed_having_asked_once() -> None:
    state, steps = saga_after(welcome, ADA_CREATED, ADA_WELCOMED)
    assert state.status == "welcomed"
    assert len(steps) == 1


def test_ends_when_the_user_is_deleted_first() -> None:
    state, steps = saga_after(welcome, ADA_CREATED, ADA_DELETED)
    assert state.status == "abandoned"
    assert len(steps) == 1


def test_stays_welcomed_when_the_user_is_deleted_later() -> None:
    state, _ = saga_after(welcome, ADA_CREATED, ADA_WELCOMED, ADA_DELETED)
    assert state.status == "welcomed"


def test_is_one_instance_per_user() -> None:
    (created,) = recorded(ADA_CREATED)
    assert welcome.correlate(created) == ADA_CREATED.user_id


def test_asks_for_nothing_once_it_has_ended() -> None:
    state, steps = saga_after(welcome, ADA_WELCOMED, ADA_CREATED)
    assert state.status == "welcomed"
    assert steps == []


def test_waits_when_the_user_is_to_be_welcomed_later() -> None:
    state, consequences = saga_with_deadlines_after(welcome, GRACE_CREATED)
    assert state.status == "wait"
    assert consequences == [LATER]


def test_asks_for_the_welcome_when_it_has_waited() -> None:
    state, consequences = saga_with_deadlines_after(welcome, GRACE_CREATED, AN_HOUR_LATER)
    assert state.status == "welcome"
    assert consequences == [LATER, Step("welcome", WelcomeUser(user_id="grace"))]


def test_waits_no_more_when_somebody_else_has_welcomed_the_user() -> None:
    state, consequences = saga_with_deadlines_after(welcome, GRACE_CREATED, GRACE_WELCOMED)
    assert state.status == "welcomed"
    assert consequences == [LATER, ClearDeadline("welcome")]


def test_waits_no_more_when_the_user_is_deleted() -> None:
    state, consequences = saga_with_deadlines_after(welcome, GRACE_CREATED, GRACE_DELETED, AN_HOUR_LATER)
    assert state.status == "abandoned"
    assert consequences == [LATER, ClearDeadline("welcome")]
