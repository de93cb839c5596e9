"""The record of what operators do: who did what to what, when and why. Rows are added, never changed or removed.

An operation records each of its actions before it acts (workers/operations/interventions.py), so that no action is
missing from the record, even if the process ends in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

MAX_REASON_CHARACTERS = 2000


class ReasonRefused(Exception):
    """A text that cannot serve as the reason for an action. `problem` says what is wrong with it."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the reason {problem}; say why in one line of at most {MAX_REASON_CHARACTERS} characters: it is kept with "
            "the action"
        )
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an operator acts: one line of printable text, not blank, of at most MAX_REASON_CHARACTERS characters.

    Raises ReasonRefused for any other text. So a reason can always be stored, and shown on a terminal.
    """

    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ReasonRefused("is blank")
        if len(self.text) > MAX_REASON_CHARACTERS:
            raise ReasonRefused(f"has {len(self.text)} characters")
        for character in self.text:
            if not character.isprintable():
                raise ReasonRefused(f"holds U+{ord(character):04X}, which is not printable")

    def __str__(self) -> str:
        return self.text


class Intervention(NamedTuple):
    """One action as it is recorded. `id` numbers the actions; `at` is the database's time. `target` is named as on the
    command line; `details` holds what the action needs to be understood, as JSON.
    """

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    details: Mapping[str, Any]


class Interventions(Protocol):
    """The record. Every method raises Unavailable."""

    async def record(
        self, actor: str, action: str, target: str, reason: Reason, details: Mapping[str, Any] | None = None
    ) -> int:
        """Add an action and return its number. Raises Unstorable for texts that the database cannot hold."""
        ...

    async def of(self, targets: Sequence[str]) -> list[Intervention]:
        """All actions on these targets, oldest first. Raises Unstorable."""
        ...

    async def since(self, number: int, limit: int) -> list[Intervention]:
        """At most `limit` actions with higher numbers, in the order of their numbers.

        A number is given before its action is committed, so an action may appear after one with a higher number.
        """
        ...
