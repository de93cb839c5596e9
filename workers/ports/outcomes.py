"""The stored outcomes, for those who ask later than the reply."""

from typing import Protocol


class Outcomes(Protocol):
    async def outcome(self, command_id: str) -> bytes | None:
        """The outcome's JSON, or None when the command has not been handled. Raises Unavailable."""
        ...
