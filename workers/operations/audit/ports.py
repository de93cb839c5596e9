"""What the audit needs: a database to wait for, the right to audit, a verification to run, and what it counts."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from workers.operations.parked_streams import ParkedStreamPorts

Pace = Callable[[int], Awaitable[None]]
"""Called after each chunk of a verification with the number of things in it; slows it down by waiting."""


class VerificationResult(NamedTuple):
    """Whether a verification passes, and the number of its findings of every kind, also of those without any."""

    passes: bool
    findings: Mapping[str, int]


class Turn(Protocol):
    """The right to audit: of all processes that ask, one has it until it gives it up or its session ends."""

    async def taken(self) -> bool:
        """Whether this process has it now; it gets it if no other has it. Raises Unavailable: then it has it not."""
        ...

    def give_up(self) -> None:
        """Let another process have it."""
        ...


class OpenLetterGroup(Protocol):
    """The open dead letters of one topic and reason."""

    @property
    def open_count(self) -> int: ...

    @property
    def oldest_age_seconds(self) -> float: ...


class OpenLetterCounts(Protocol):
    """Counts the dead letters that no operator has settled."""

    async def refresh(self) -> Mapping[tuple[str, str], OpenLetterGroup]:
        """By (topic of the originals, reason), now. Raises Unavailable; the next call continues from there."""
        ...


class AuditPorts(NamedTuple):
    """`connect` opens the database, and is called until it succeeds once; `now` is the database's clock. Both, and
    `verify`, raise Unavailable.
    """

    connect: Callable[[], Awaitable[None]]
    now: Callable[[], Awaitable[datetime]]
    turn: Turn
    verify: Callable[[Pace], Awaitable[VerificationResult]]
    parked: ParkedStreamPorts
    letters: OpenLetterCounts
