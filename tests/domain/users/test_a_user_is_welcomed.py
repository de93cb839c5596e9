"""WelcomeUser."""

from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_WELCOMED, WELCOME_ADA
from workers.domain.users.decider import decider
from workers.testing.scenarios import given


def test_once() -> None:
    given(decider, ADA_CREATED).when(WELCOME_ADA).then(ADA_WELCOMED).claiming().releasing()


def test_quietly_when_it_was_done_before() -> None:
    given(decider, ADA_CREATED, ADA_WELCOMED).when(WELCOME_ADA).then_nothing()


def test_not_when_there_is_no_such_user() -> None:
    given(decider).when(WELCOME_ADA).then_rejected("UserNotFound")
    given(decider, ADA_CREATED, ADA_DELETED).when(WELCOME_ADA).then_rejected("UserNotFound")
