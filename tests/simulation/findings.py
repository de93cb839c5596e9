"""What a judgement of a schedule consists of."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.simulation.evidence import Evidence


class Finding(NamedTuple):
    """A broken promise: which one, and what shows it."""

    kind: str
    explanation: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.explanation}"


Check = Callable[[Evidence], Iterator[Finding]]
