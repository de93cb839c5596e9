"""The undo of the users context."""

import pytest
from hypothesis import assume, settings
from hypothesis import given as drawn

from contracts.message import Event
from contracts.users.commands import UpdateUser
from contracts.users.events import UserUpdated
from contracts.users.examples import (
    ADA_CREATED,
    ADA_DELETED,
    ADA_MOVED_TO_TURIN,
    ADA_WELCOMED,
    ADAS_CITY_CLEARED,
    ADAS_EMAIL_CHANGED,
    ADAS_PASSWORD_CHANGED,
    USER_ID,
)
from workers.core.decider import Decision, Rejection
from workers.domain import contexts
from workers.domain.users.decider import decider
from workers.domain.users.undo import undo
from workers.testing.scenarios import folded, recorded, words
from workers.testing.walks import Stride, step, walks

CITYLESS = ADA_CREATED.model_validate(ADA_CREATED.model_dump(exclude={"city"}))


def _undone(*history: Event) -> list[tuple[str, str]]:
    command = undo(recorded(*history))
    assert isinstance(command, UpdateUser), command
    return words([command])


def _back_to(**before: str | None) -> list[tuple[str, str]]:
    return words([UpdateUser(user_id=USER_ID, **before)])


def test_by_the_values_before_it_of_the_changed_fields_only() -> None:
    assert _undone(ADA_CREATED, ADA_MOVED_TO_TURIN) == _back_to(city="London")
    assert _undone(ADA_CREATED, ADA_MOVED_TO_TURIN, ADAS_EMAIL_CHANGED) == _back_to(email="Ada@Example.org")
    both = UserUpdated(user_id=USER_ID, last_name="King", city="Turin")
    assert _undone(ADA_CREATED, both) == _back_to(last_name="Lovelace", city="London")


def test_to_the_values_that_earlier_changes_left() -> None:
    to_paris = UserUpdated(user_id=USER_ID, city="Paris")
    assert _undone(ADA_CREATED, ADA_MOVED_TO_TURIN, to_paris) == _back_to(city="Turin")


def test_by_clearing_the_city_that_there_was_not_and_giving_back_the_one_that_was_cleared() -> None:
    assert _undone(CITYLESS, ADA_MOVED_TO_TURIN) == _back_to(city=None)
    assert _undone(ADA_CREATED, ADAS_CITY_CLEARED) == _back_to(city="London")


def test_looking_past_the_welcome() -> None:
    assert _undone(ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED) == _back_to(city="London")


def test_and_brought_back_by_undoing_that() -> None:
    back = UserUpdated(user_id=USER_ID, city="London")
    assert _undone(ADA_CREATED, ADA_MOVED_TO_TURIN, back) == _back_to(city="Turin")


@pytest.mark.parametrize(
    ("history", "event"),
    [
        ([ADA_CREATED], "UserCreated"),
        ([ADA_CREATED, ADA_WELCOMED], "UserCreated"),
        ([ADA_CREATED, ADA_MOVED_TO_TURIN, ADAS_PASSWORD_CHANGED], "PasswordChanged"),
        ([ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_DELETED], "UserDeleted"),
    ],
    ids=["created", "welcomed", "password-changed", "deleted"],
)
def test_not_when_the_last_change_has_no_inverse_and_the_answer_says_why(history: list[Event], event: str) -> None:
    rejection = undo(recorded(*history))
    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.details) == ("NothingToUndo", {"event": event})
    assert f"{event}, which has no inverse: " in rejection.message
    assert rejection.message.endswith(".")


@settings(max_examples=200)
@drawn(walks(contexts()["users"]))
def test_so_that_the_state_is_the_one_before_it(strides: list[Stride]) -> None:
    """After any walk, and by the decider's own answer to the command."""
    happened = [(stride, event) for stride in strides for event in stride.events]
    updates = [place for place, (_, event) in enumerate(happened) if isinstance(event, UserUpdated)]
    assume(updates)
    last = updates[-1]
    history = [event for _, event in happened[: last + 1]]
    command = undo(recorded(*history))
    assert isinstance(command, UpdateUser)
    undoing = step(contexts()["users"], folded(decider, *history), command)
    assert isinstance(undoing.answer, Decision)
    assert [type(event) for event in undoing.events] == [UserUpdated]
    assert undoing.after == happened[last][0].before
    again = undo(recorded(*history, *undoing.events))
    assert isinstance(again, UpdateUser)
    assert step(contexts()["users"], undoing.after, again).after == happened[last][0].after


def test_as_the_context_declares() -> None:
    assert contexts()["users"].undo is undo
