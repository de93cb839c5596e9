"""A context's declaration: all that the loops, the gateway and the command line know of a domain."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from contracts.message import Command, Event
from workers.core.access import NO_ACCESS, Access
from workers.core.analytics import NO_ANALYTICS, Analytics
from workers.core.decider import Decider, Rejection
from workers.core.holding import Holding
from workers.core.projection import Projection
from workers.core.recorded import Recorded
from workers.core.saga import Saga

NOT_FOUND_ENDING = "NotFound"
STATUS_OF_REJECTION = 409

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

    Over HTTP each command and read model has an address of its own without more ado. A stream is called `noun` there;
    `not_found` is the code of the problem if it does not exist, and after an event of the kind `ended_by` it does not
    exist any more. `statuses` are the HTTP statuses of rejections, by code; a code that is not among them has 404 if it
    ends in NotFound, else 409. `routes` names a module with routes that are written by hand, `package.module`: its
    function `routes(backend)` gives them, and its `DIRECT_READS`, if any, are answered without the framework.

    A command that is sent again with the same content as another message leads to nothing, but to events that are
    `loud_when_repeated`, each with the reason. Those of them that add something to the state are also `adding_up`.
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
    noun: str = "the stream"
    not_found: str = "StreamNotFound"
    ended_by: type[Event] | None = None
    statuses: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    routes: str | None = None
    loud_when_repeated: Mapping[type[Event], str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    adding_up: frozenset[type[Event]] = frozenset()

    def status_of(self, code: str) -> int:
        """The HTTP status of a rejection with this code."""
        return self.statuses.get(code) or (404 if code.endswith(NOT_FOUND_ENDING) else STATUS_OF_REJECTION)


def scopes_of(contexts: Iterable[Context]) -> frozenset[str]:
    """Every scope that the rules of these contexts name."""
    return frozenset().union(*(context.access.scopes for context in contexts))
