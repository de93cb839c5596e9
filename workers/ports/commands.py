"""Commands on their way out, for those who ask on behalf of others: the gateway."""

from typing import NamedTuple, Protocol

from contracts.message import Command
from contracts.outcome import Outcome


class CommandMeta(NamedTuple):
    """What goes with a command. Ids are texts, `command_id` a UUID; `actor` is None for a caller who is not known."""

    command_id: str
    correlation_id: str
    causation_id: str
    actor: str | None = None
    traceparent: str | None = None
    expected_version: int | None = None


class Overloaded(Exception):
    """More work is under way than is allowed; this piece was not begun. Try again after a delay."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{limit} {what} are under way, which is the limit")
        self.what = what
        self.limit = limit


class TooLarge(Exception):
    """A command whose JSON is larger than what is read; it was not sent."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"the command has {size_bytes} bytes as JSON; at most {limit_bytes} are allowed")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class Commands(Protocol):
    """Deliver commands and wait for their outcomes. Handling is idempotent by the command id."""

    async def ask(self, command: Command, meta: CommandMeta, wait_seconds: float) -> Outcome | None:
        """The outcome, or None when there is none `wait_seconds` after the call; then the command is in the log.

        Raises Unavailable (it may have been delivered all the same), Overloaded or TooLarge.
        """
        ...

    async def check(self) -> None:
        """Whether commands can be sent and answered now. Raises Unavailable."""
        ...
