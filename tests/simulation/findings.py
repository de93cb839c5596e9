"""What the checks of a schedule report."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.simulation.evidence import Evidence


class Finding(NamedTuple):
    """A broken invariant: which one, and what shows it."""

    kind: str
    explanation: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.explanation}"


Check = Callable[[Evidence], Iterator[Finding]]
