"""A decider: the trio of initial state, `decide` and `evolve` that makes a context's write side. Plain functions."""

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
    """A claim to a value that only one stream of the context may have, such as an e-mail address. `rejection` is
    the answer when another stream has the value.
    """

    scope: str
    key: str
    rejection: Rejection


class Release(NamedTuple):
    """The end of a claim of this stream: the value is free again."""

    scope: str
    key: str


class Credential(NamedTuple):
    """A secret of the stream, stored apart from every event. None removes it."""

    secret: str | None


class Decision(NamedTuple):
    """What a command leads to, written in one transaction. An accepted command that changes nothing has no events.

    `claims` are the values that the stream claims with these events, `releases` the claims that it gives up.
    """

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


def unchanged_key(_: str, key: str) -> str:
    """For a context whose claim keys have never changed their form."""
    return key


@dataclass(frozen=True, slots=True)
class Decider(Generic[State]):
    """`decide(state, command)` and `evolve(state, event)` over states that are frozen values, from `initial` on.

    Each context's functions take its own commands and events, as a union that `match` can exhaust. `claims(state)` are
    the unique claims, as (scope, key), of a stream in this state: all that its decisions have claimed and not released.
    `may_keep_credential(state)` says whether a stream in this state may have a credential. A verification compares both
    with what is stored. `claim_key(scope, key)` gives today's form of a key that an earlier release has stored.
    """

    initial: State
    decide: Callable[[State, Any], Decision | Rejection]
    evolve: Callable[[State, Any], State]
    claims: Callable[[State], frozenset[tuple[str, str]]] = claims_nothing
    may_keep_credential: Callable[[State], bool] = keeps_no_credential
    claim_key: Callable[[str, str], str] = unchanged_key
