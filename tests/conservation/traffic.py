"""The messages under way, on ways on which nothing overtakes."""

from collections import deque
from typing import Any, NamedTuple

from contracts.message import Command
from workers.ports.sagas import StepRow

Address = tuple[str, str]
"""Context and stream id."""


class Sent(NamedTuple):
    """A command under way; if a saga sent it: the step that it was, and the lane that had asked for it."""

    command_id: str
    command: Command
    step: StepRow | None = None
    lane: Any = None


def address_of(command: Command) -> Address:
    return command.context, command.stream_id


class Route(NamedTuple):
    """A way: what kind of message goes from where to where."""

    kind: str
    sender: Any
    to: Any


class Traffic:
    """`count` counts the messages that have ever set out."""

    def __init__(self) -> None:
        self.count = 0
        self._under_way: dict[Route, deque[tuple[int, Any]]] = {}

    def routes(self) -> list[Route]:
        """The ways on which something waits, the one with the oldest first message first."""
        return sorted(self._under_way, key=lambda route: self._under_way[route][0][0])

    def waits(self, route: Route) -> bool:
        """Whether something does on this one."""
        return route in self._under_way

    def put(self, route: Route, message: Any) -> None:
        self.count += 1
        self._under_way.setdefault(route, deque()).append((self.count, message))

    def get(self, route: Route) -> Any:
        """Take the first message. Raises KeyError when none waits."""
        messages = self._under_way[route]
        _, message = messages.popleft()
        if not messages:
            del self._under_way[route]
        return message
