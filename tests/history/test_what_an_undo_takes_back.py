"""The cause of an undo is the event that it takes back."""

from contracts.message import Command, Event
from contracts.users.events import UserCreated, UserUpdated, UserWelcomed
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.history.undone import undone

CREATED = UserCreated(user_id="ada", first_name="Ada", last_name="Lovelace", email="ada@example.org", city="London")
WELCOMED = UserWelcomed(user_id="ada")


def _undone(*events: Event) -> int:
    """The version of the event that is taken back."""
    history = [
        Recorded(event, f"e-{version}", event.stream_id, version, version, "2026-05-04T12:00:00Z", "c")
        for version, event in enumerate(events, start=1)
    ]
    undo = contexts()["users"].undo
    assert undo is not None
    command = undo(history)
    assert isinstance(command, Command)
    return undone(undo, history, command).stream_version


def test_it_is_the_last_change() -> None:
    assert _undone(CREATED, WELCOMED, UserUpdated(user_id="ada", city="Paris")) == 3


def test_it_is_the_change_before_what_is_none() -> None:
    assert _undone(CREATED, UserUpdated(user_id="ada", city="Paris"), WELCOMED) == 2


def test_it_is_the_last_of_two_changes_that_undo_one_another() -> None:
    assert _undone(CREATED, UserUpdated(user_id="ada", city=None), UserUpdated(user_id="ada", city="London")) == 3
