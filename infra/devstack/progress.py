"""What a starting server tells whoever waits for it. The stack reports; the command line, a log or nobody listens."""

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
    """Listens to nothing: for tests and for callers that only want the result."""
