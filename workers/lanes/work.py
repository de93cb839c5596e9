"""What a role does with one lane; the runner calls it, one method at a time."""

from collections.abc import Sequence
from typing import Protocol

from workers.ports.log import InboundRecord


class Restart(Exception):
    """The lane's own position is out of date: take it again at once. Not a fault."""


class LaneWork(Protocol):
    """One lane in one role. After any exception the lane is dropped and taken again, as after a crash."""

    async def take(self) -> int:
        """Become the lane's owner, bring its output up to date, and return the offset to read from."""
        ...

    async def handle(self, records: Sequence[InboundRecord]) -> None:
        """Work on records that follow one another. When it returns, they need never be read again."""
        ...

    async def idle(self) -> None:
        """Called about every second in which nothing arrives."""
        ...

    async def leave(self) -> None:
        """Finish what is in flight and give the lane up in good order."""
        ...

    def drop(self) -> None:
        """Forget the lane at once: nothing in flight may be waited for."""
        ...
