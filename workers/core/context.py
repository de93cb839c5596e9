"""A context's declaration: all that the loops, the gateway and the command line know of a domain."""

from dataclasses import dataclass
from typing import Any

from workers.core.decider import Decider
from workers.core.projection import Projection
from workers.core.saga import Saga


@dataclass(frozen=True, slots=True)
class Context:
    """A domain of its own: its write side, its read models and the processes that it starts."""

    name: str
    decider: Decider[Any]
    projections: tuple[Projection, ...] = ()
    sagas: tuple[Saga[Any], ...] = ()
