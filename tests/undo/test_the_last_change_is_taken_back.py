"""An undo is an ordinary command with a cause and an expected version; what refuses it keeps it from being sent."""

from collections.abc import Sequence

import pytest

from contracts.catalogue import stored_events
from contracts.outcome import Outcome
from contracts.principal import Principal
from contracts.users.commands import UpdateUser
from contracts.users.events import UserCreated, UserUpdated
from tests.postgres.batches import TIME, command_id, event
from tests.undo.test_what_an_undo_takes_back import CREATED, recorded
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.history.reading import NoSuchStream, TooLong
from workers.operations import undo as operation
from workers.operations.undo import (
    UndoCommand,
    UndoRejected,
    WrittenByNewerRelease,
    stream_history,
    undo_last_change,
)
from workers.ports.event_store import EventRow

MOVED = UserUpdated(user_id="ada", city="Turin")
EVENTS = stored_events()


class Sender:
    """Keeps what is sent; nothing handles it."""

    def __init__(self) -> None:
        self.sent: list[UndoCommand] = []

    async def send(self, undo_command: UndoCommand) -> Outcome | None:
        self.sent.append(undo_command)
        return None


class Rows:
    """The rows of one stream."""

    def __init__(self, rows: Sequence[EventRow]) -> None:
        self._rows = rows

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        assert (context, stream_id) == ("users", "ada")
        return self._rows[version : version + limit]


def row(version: int, model: UserCreated | UserUpdated, schema_version: int | None = None) -> EventRow:
    stored_version = schema_version or model.schema_version
    return event(version, "ada", version, type=model.name, schema_version=stored_version, data=model.to_json())


async def taken_back(*events: UserCreated | UserUpdated, sender: Sender) -> None:
    undo = contexts()["users"].undo
    assert undo is not None

    async def load() -> Sequence[Recorded]:
        return recorded(events)

    command, outcome = await undo_last_change(undo, load, sender.send)
    assert (command, outcome) == (sender.sent[-1].command, None)


async def test_it_is_sent_with_the_streams_version_and_its_cause() -> None:
    sender = Sender()
    await taken_back(CREATED, MOVED, sender=sender)
    (sent,) = sender.sent
    assert sent == UndoCommand(UpdateUser(user_id="ada", city="London"), 2, "e-2")
    meta = sent.meta(command_id(1), Principal("operator:clerk"))
    assert (meta.command_id, meta.correlation_id, meta.causation_id) == (command_id(1), command_id(1), "e-2")
    assert (meta.actor, meta.expected_version) == ("operator:clerk", 2)


async def test_what_has_no_inverse_is_not_sent() -> None:
    sender = Sender()
    with pytest.raises(UndoRejected, match=r"NothingToUndo: .*UserCreated") as refused:
        await taken_back(CREATED, sender=sender)
    assert refused.value.rejection.code == "NothingToUndo"
    assert sender.sent == []


async def test_a_history_that_the_caller_refuses_is_not_undone() -> None:
    sender, undo = Sender(), contexts()["users"].undo
    assert undo is not None

    async def load() -> Sequence[Recorded]:
        return recorded([CREATED, MOVED])

    def check(history: Sequence[Recorded]) -> None:
        raise LookupError(history[-1].stream_version)

    with pytest.raises(LookupError, match="2"):
        await undo_last_change(undo, load, sender.send, check)
    assert sender.sent == []


async def test_a_history_is_the_whole_stream() -> None:
    history = await stream_history(Rows([row(1, CREATED), row(2, MOVED)]), EVENTS, "users", "ada")
    assert [(entry.event, entry.stream_version) for entry in history] == [(CREATED, 1), (MOVED, 2)]
    assert history[0].recorded_at.startswith(TIME.date().isoformat())


async def test_a_stream_that_does_not_exist_has_no_history() -> None:
    with pytest.raises(NoSuchStream):
        await stream_history(Rows([]), EVENTS, "users", "ada")


async def test_a_history_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "MAX_EVENTS", 1)
    with pytest.raises(TooLong):
        await stream_history(Rows([row(1, CREATED), row(2, MOVED)]), EVENTS, "users", "ada")


async def test_a_history_of_a_newer_release_is_refused() -> None:
    with pytest.raises(WrittenByNewerRelease, match="A newer Annals has written to users/ada") as refused:
        await stream_history(Rows([row(1, CREATED), row(2, MOVED, schema_version=99)]), EVENTS, "users", "ada")
    assert refused.value.explanation in str(refused.value)
