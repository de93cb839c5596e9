"""How a starting server reports its progress: the stack reports, a screen or a log displays it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One line of progress. `done` of `total` counts pieces (jars); `total` 0 means that there is nothing to count."""

    server: str
    text: str
    done: int = 0
    total: int = 0


Progress = Callable[[Step], None]


def silent(step: Step) -> None:
    """Ignores all progress: for tests and for callers that only want the result."""
