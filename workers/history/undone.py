"""Which event a compensating command takes back. Pure."""

from collections.abc import Sequence

from contracts.message import Command
from workers.core.context import Undo
from workers.core.recorded import Recorded


def undone(undo: Undo, history: Sequence[Recorded], command: Command) -> Recorded:
    """The event that `command`, the answer of `undo` to this history, takes back.

    The last one, but for those that change nothing that could be taken back: without them the answer is the same.
    """
    until = len(history)
    while until > 1 and undo(history[: until - 1]) == command:
        until -= 1
    return history[until - 1]
