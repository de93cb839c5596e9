"""A context's declaration: all that the loops, the gateway and the command line know of a domain."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.message import Command
from workers.core.access import NO_ACCESS, Access
from workers.core.analytics import NO_ANALYTICS, Analytics
from workers.core.decider import Decider, Rejection
from workers.core.holding import Holding
from workers.core.projection import Projection
from workers.core.recorded import Recorded
from workers.core.saga import Saga

Undo = Callable[[Sequence[Recorded]], Command | Rejection]
"""From a whole stream, of at least one event, to the command that undoes its last change, or why there is none."""


Holdings = Callable[[str, Any], Iterable[Holding]]
"""From a stream's id and state to its holdings: what it keeps for the instances of a saga."""


@dataclass(frozen=True, slots=True)
class Context:
    """A domain of its own: its write side, its read models and the processes that it starts.

    A saga that spans contexts belongs to the one that starts it. Without `undo` no change can be undone. `diagram`
    draws the states of a stream as a Mermaid state diagram, for a context that has them as a table. `holdings`, for a
    context whose streams keep something for the instances of a saga that says what it `owns`. `access` says who may do
    what, where identities are proven; without it nobody may do anything there. `analytics`: sums over windows of time.
    """

    name: str
    decider: Decider[Any]
    projections: tuple[Projection, ...] = ()
    sagas: tuple[Saga[Any], ...] = ()
    undo: Undo | None = None
    diagram: Callable[[], str] | None = None
    holdings: Holdings | None = None
    access: Access = NO_ACCESS
    analytics: Analytics = NO_ANALYTICS


def scopes_of(contexts: Iterable[Context]) -> frozenset[str]:
    """Every scope that the rules of these contexts name."""
    return frozenset().union(*(context.access.scopes for context in contexts))
