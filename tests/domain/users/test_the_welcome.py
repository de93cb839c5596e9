"""The saga "welcome"."""

from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_WELCOMED, WELCOME_ADA
from tests.given import recorded, saga_after
from workers.core.saga import Step
from workers.domain.users.welcome import welcome


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
