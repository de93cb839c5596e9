"""Sending commands and waiting for their outcomes, as the gateway does for its callers."""

from typing import NamedTuple, Protocol

from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal


class CommandMeta(NamedTuple):
    """What goes with a command. Ids are strings, `command_id` is a UUID; `principal` is None for an anonymous
    caller, and its name is the actor.
    """

    command_id: str
    correlation_id: str
    causation_id: str
    principal: Principal | None = None
    traceparent: str | None = None
    expected_version: int | None = None

    @property
    def actor(self) -> str | None:
        return None if self.principal is None else self.principal.name


class Overloaded(Exception):
    """The limit of concurrent work is reached; the request was not begun. Try again after a delay."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{limit} {what} are under way, which is the limit")
        self.what = what
        self.limit = limit


class TooLarge(Exception):
    """The JSON of the command is larger than a worker accepts; it was not sent."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"the command has {size_bytes} bytes as JSON; at most {limit_bytes} are allowed")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class Commands(Protocol):
    """Sends commands and waits for their outcomes. Handling is idempotent by the command id."""

    async def ask(self, command: Command, meta: CommandMeta, wait_seconds: float) -> Outcome | None:
        """Send the command and return its outcome, or None if there is none after `wait_seconds`; the command is in the
        log then and will be handled.

        Raises Unavailable (the command may have been delivered nevertheless), Overloaded or TooLarge.
        """
        ...

    async def check(self) -> None:
        """Check that commands can be sent and answered now. Raises Unavailable."""
        ...
