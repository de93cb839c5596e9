"""Undo: takes back a stream's last change by an ordinary command. The command line and the gateway both call this.

The command is made from the stream's whole history and sent with its version, so it is rejected when another change
came in between. Its cause is the event that it takes back. Nothing is removed: the change and its undo both stay in the
history, and to undo an undo brings the change back.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from contracts.envelope import MalformedMessage
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal
from contracts.stored_events import StoredEvents
from workers.core.context import Undo
from workers.core.decider import Rejection
from workers.core.recorded import Recorded, flattened
from workers.history.reading import events_until
from workers.lanes.recorded_rows import recorded_row
from workers.ports.commands import CommandMeta
from workers.ports.history import StreamReader

MAX_EVENTS = 100_000


class UndoCommand(NamedTuple):
    """A compensating command. `causation_id` is the id of the event that it takes back."""

    command: Command
    expected_version: int
    causation_id: str

    def meta(self, command_id: str, operator: Principal) -> CommandMeta:
        """What goes with the command when an operator sends it of their own accord."""
        return CommandMeta(
            command_id=command_id,
            correlation_id=command_id,
            causation_id=self.causation_id,
            principal=operator,
            expected_version=self.expected_version,
        )


class UndoRejected(Exception):
    """The last change of a stream cannot be taken back. Send a command that makes the change which you want instead."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(f"{rejection.code}: {rejection.message}")
        self.rejection = rejection


class WrittenByNewerRelease(Exception):
    """A stream has events that this release cannot read. Update this installation."""

    def __init__(self, context: str, stream_id: str, explanation: str) -> None:
        super().__init__(f"A newer Annals has written to {context}/{stream_id}: {explanation}.")
        self.explanation = explanation


async def undo_last_change(
    undo: Undo,
    load: Callable[[], Awaitable[Sequence[Recorded]]],
    send: Callable[[UndoCommand], Awaitable[Outcome | None]],
    check: Callable[[Sequence[Recorded]], None] = lambda _: None,
) -> tuple[Command, Outcome | None]:
    """Take back the last change of a stream; returns the compensating command and its outcome, None if none came.

    `load` returns the stream's whole history, at least one event; `check` may raise to refuse it; `send` sends the
    command and waits. What these raise passes through. Raises UndoRejected.
    """
    history = await load()
    answer = undo_command(undo, history)
    check(history)
    if isinstance(answer, Rejection):
        raise UndoRejected(answer)
    return answer.command, await send(answer)


def undo_command(undo: Undo, history: Sequence[Recorded]) -> UndoCommand | Rejection:
    """The command that takes back the last change of this history, or why there is none. Pure."""
    command = undo(history)
    if isinstance(command, Rejection):
        return command
    event = undone_event(undo, history, command)
    if left := _left_undone(undo, history, event):
        return Rejection(
            "NothingToUndo",
            f"The last change of {event.stream_id} was recorded as one event, {event.stored_type}, which is several "
            f"today. An undo would take back {event.event.name} and leave {', '.join(left)}: send the commands that "
            "make the change which you want.",
            {"event": event.event.name},
        )
    return UndoCommand(command, history[-1].stream_version, event.event_id)


def _left_undone(undo: Undo, history: Sequence[Recorded], undone: Recorded) -> list[str]:
    """The names of the other parts of the event that is taken back, if they are changes that could be taken back too:
    the half of a change is no undo.
    """
    left = []
    for length, part in enumerate(history, 1):
        if part is undone or part.stream_version != undone.stream_version:
            continue
        answer = undo(history[:length])
        if not isinstance(answer, Rejection) and undone_event(undo, history[:length], answer) is part:
            left.append(part.event.name)
    return left


def undone_event(undo: Undo, history: Sequence[Recorded], command: Command) -> Recorded:
    """The event that `command`, the answer of `undo` to this history, takes back. Pure.

    That is the last event, or an earlier one if those behind it have no part in the answer, such as a user's welcome:
    without them the answer is the same.
    """
    length = len(history)
    while length > 1 and undo(history[: length - 1]) == command:
        length -= 1
    return history[length - 1]


async def stream_history(streams: StreamReader, models: StoredEvents, context: str, stream_id: str) -> list[Recorded]:
    """The whole history of a stream; `models` read its events.

    Raises NoSuchPast for a stream without events or with more than MAX_EVENTS, WrittenByNewerRelease, Unavailable.
    """
    rows = await events_until(streams, context, stream_id, most=MAX_EVENTS)
    try:
        return list(flattened(recorded_row(row, models) for row in rows))
    except MalformedMessage as error:
        raise WrittenByNewerRelease(context, stream_id, error.explanation) from error
