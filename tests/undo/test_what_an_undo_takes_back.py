"""The cause of an undo is the event that it takes back."""

from collections.abc import Sequence

from contracts.message import Command, Event
from contracts.users.commands import UpdateUser
from contracts.users.events import UserCreated, UserUpdated, UserWelcomed
from workers.core.decider import Rejection
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.operations.undo import UndoCommand, undo_command, undone_event

CREATED = UserCreated(
    user_id="ada", first_name="Ada", last_name="Lovelace", email="ada@example.org", city="London", locale="und"
)
WELCOMED = UserWelcomed(user_id="ada")


def recorded(events: Sequence[Event]) -> list[Recorded]:
    return [
        Recorded(event, f"e-{version}", event.stream_id, version, version, "2026-05-04T12:00:00Z", "c")
        for version, event in enumerate(events, start=1)
    ]


def undone_version(*events: Event) -> int:
    """The version of the event that is taken back."""
    history = recorded(events)
    undo = contexts()["users"].undo
    assert undo is not None
    command = undo(history)
    assert isinstance(command, Command)
    return undone_event(undo, history, command).stream_version


def test_it_is_the_last_change() -> None:
    assert undone_version(CREATED, WELCOMED, UserUpdated(user_id="ada", city="Paris")) == 3


def test_it_is_the_change_before_what_is_none() -> None:
    assert undone_version(CREATED, UserUpdated(user_id="ada", city="Paris"), WELCOMED) == 2


def test_it_is_the_last_of_two_changes_that_undo_one_another() -> None:
    assert (
        undone_version(CREATED, UserUpdated(user_id="ada", city=None), UserUpdated(user_id="ada", city="London")) == 3
    )


def test_it_is_the_first_event_when_no_other_changes_anything() -> None:
    """An undo is never asked about a stream that has no events."""
    answer = UpdateUser(user_id="ada", city="London")

    def undo(history: Sequence[Recorded]) -> UpdateUser:
        assert history
        return answer

    for length in (1, 2, 3):
        assert undone_event(undo, recorded([WELCOMED] * length), answer).stream_version == 1


def split(*events: Event) -> list[Recorded]:
    """A user whose last change was recorded as one event, and is these today."""
    history = recorded([CREATED, WELCOMED, events[0]])
    last = history[-1]._replace(stored_type="users.UserMoved.v1")
    return [*history[:-1], *(last._replace(event=event) for event in events)]


def answer_to(history: Sequence[Recorded]) -> UndoCommand | Rejection:
    undo = contexts()["users"].undo
    assert undo is not None
    return undo_command(undo, history)


def test_the_half_of_a_change_is_no_undo() -> None:
    answer = answer_to(
        split(UserUpdated(user_id="ada", first_name="Augusta"), UserUpdated(user_id="ada", city="Paris"))
    )
    assert isinstance(answer, Rejection)
    assert answer.code == "NothingToUndo"
    assert "one event, users.UserMoved.v1, which is several today" in answer.message
    assert "leave UserUpdated" in answer.message


def test_a_change_beside_what_is_none_is_taken_back() -> None:
    answer = answer_to(split(UserUpdated(user_id="ada", city="Paris"), WELCOMED))
    assert isinstance(answer, UndoCommand)
    assert answer.command == UpdateUser(user_id="ada", city="London")


def test_a_change_after_one_that_is_several_today_is_taken_back() -> None:
    history = split(UserUpdated(user_id="ada", first_name="Augusta"), UserUpdated(user_id="ada", city="Paris"))
    later = recorded([CREATED] * 3 + [UserUpdated(user_id="ada", city="Rome")])[-1]
    answer = answer_to([*history, later])
    assert isinstance(answer, UndoCommand)
    assert answer.command == UpdateUser(user_id="ada", city="Paris")
