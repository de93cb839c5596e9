"""A decider: the three plain functions (initial state, decide, evolve) that a context's write side is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from contracts.message import Event

State = TypeVar("State")


class Rejection(NamedTuple):
    """A business no: it has a name (`code`, such as EmailTaken) and a sentence for a person."""

    code: str
    message: str
    details: Any = None


class UniqueClaim(NamedTuple):
    """A value that only one stream of the context may hold, and the answer to a command that comes second."""

    scope: str
    key: str
    rejection: Rejection


class Release(NamedTuple):
    """The end of a claim that this stream holds."""

    scope: str
    key: str


class Credential(NamedTuple):
    """A secret of the stream, kept apart from every event. None removes it."""

    secret: str | None


class Decision(NamedTuple):
    """What a command leads to, all of it in one transaction. No events: an accepted command that changes nothing."""

    events: tuple[Event, ...] = ()
    claims: tuple[UniqueClaim, ...] = ()
    releases: tuple[Release, ...] = ()
    credential: Credential | None = None


QUIET = Decision()


def claims_nothing(_: Any) -> frozenset[tuple[str, str]]:
    """For a context without unique values."""
    return frozenset()


def keeps_no_credential(_: Any) -> bool:
    """For a context without secrets."""
    return False


def as_it_was(_: str, key: str) -> str:
    """For a context whose keys have always been written as they are."""
    return key


@dataclass(frozen=True, slots=True)
class Decider(Generic[State]):
    """`decide(state, command)` and `evolve(state, event)` over states that are frozen values, from `initial` on.

    Each context's functions take its own commands and events, as a union that `match` can exhaust. `claims(state)` are
    the (scope, key) that a stream in this state holds: all that its decisions have claimed and not released.
    `may_keep_credential(state)`: whether a stream in this state may have a credential. Both say of a state what
    decisions did to get there, so that a verification can compare it with what is stored. `claim_key(scope, key)` is
    the key of a claim that an earlier release wrote as it is written today.
    """

    initial: State
    decide: Callable[[State, Any], Decision | Rejection]
    evolve: Callable[[State, Any], State]
    claims: Callable[[State], frozenset[tuple[str, str]]] = claims_nothing
    may_keep_credential: Callable[[State], bool] = keeps_no_credential
    claim_key: Callable[[str, str], str] = as_it_was
