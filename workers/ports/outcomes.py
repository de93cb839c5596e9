"""The stored outcomes of commands, for callers that no longer wait for the reply."""

from typing import Protocol


class Outcomes(Protocol):
    """Reads outcomes by command id."""

    async def outcome(self, command_id: str) -> bytes | None:
        """The JSON of the outcome, or None if the command has not been handled. Raises Unavailable."""
        ...
