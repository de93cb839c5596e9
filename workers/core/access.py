"""Who may do what: one table for each context, read by the gateway and by whoever decides commands. Pure.

What is not listed is denied. A row names several, of whom one is enough: whoever has a scope, the owner of the stream,
a saga, or everybody who is known at all. Nobody is known without a proof (contracts/identity.py and the gateway's
tokens); who is not known, may nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, assert_never

from contracts.message import Command
from contracts.principal import Principal, saga_principal
from workers.core.decider import Rejection

FORBIDDEN = "Forbidden"


# Not tuples: those with equal fields would be equal, whatever their class.
@dataclass(frozen=True, slots=True)
class Scope:
    """Whoever has been granted this scope."""

    name: str

    def allows(self, principal: Principal) -> bool:
        return self.name in principal.scopes

    def __str__(self) -> str:
        return f"the scope {self.name}"


@dataclass(frozen=True, slots=True)
class OfSaga:
    """The saga with this name, on behalf of whomever it follows."""

    name: str

    def allows(self, principal: Principal) -> bool:
        return principal == saga_principal(self.name)

    def __str__(self) -> str:
        return f"the saga {self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class _Owner:
    def allows(self, _: Principal) -> bool:
        return False  # it depends on what it is about

    def __str__(self) -> str:
        return "its owner"


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    def allows(self, _: Principal) -> bool:
        return True

    def __str__(self) -> str:
        return "anybody who is known"


OWNER = _Owner()
"""The owner of the stream. Of an outcome and a correlation: who sent the command."""
KNOWN = _Known()
"""Everybody who has proven who they are."""

Row = tuple[Scope | OfSaga | _Owner | _Known, ...]


_Rule = tuple[bool, bool, frozenset[str], frozenset[Principal]]
"""What a row comes to: whether it allows the owner, and everybody who is known; who has one of which scopes; and which
sagas. A plain tuple, as each command needs one.
"""


def _rule(row: Row) -> _Rule:
    names_owner = names_known = False
    scopes, sagas = set(), set()
    for who in row:
        match who:
            case Scope():
                scopes.add(who.name)
            case OfSaga():
                sagas.add(saga_principal(who.name))
            case _Owner():
                names_owner = True
            case _Known():
                names_known = True
            case _:
                assert_never(who)
    return names_owner, names_known, frozenset(scopes), frozenset(sagas)


class Read(StrEnum):
    """What can be read of a context. `CARD`: a document as it is now; `PAST`: as it was (`?at=`); `HISTORY`: the events
    of a stream; `FIND`: documents by an index; `OUTCOME`: of a command; `CORRELATION`: all that a request has led to;
    `ANALYTICS`: sums over windows of time.
    """

    CARD = "card"
    PAST = "past"
    HISTORY = "history"
    FIND = "find"
    OUTCOME = "outcome"
    CORRELATION = "correlation"
    ANALYTICS = "analytics"


def owned_by_nobody(_: str, __: Any) -> str | None:
    """For a context whose streams belong to nobody."""
    return None


def owned_by_its_name(stream_id: str, _: Any) -> str | None:
    """For a context whose streams have the names of their owners."""
    return stream_id


def makes_nobody_owner(_: Command) -> str | None:
    """For a context whose commands found no stream for somebody."""
    return None


@dataclass(frozen=True, slots=True)
class Access:
    """The table of one context. `owner(stream id, state)` is the owner's name, None where there is none (yet): then
    `founder(command)` is whom the command would make owner. `owner_in(document)` says it of a document. `commands` has
    every command of the context, `reads` every kind of reading. `elsewhere`: commands of other contexts, and which
    sagas of this one may send them there; who installs a context trusts its sagas with that.
    """

    commands: Mapping[type[Command], Row] = field(default_factory=lambda: MappingProxyType({}))
    reads: Mapping[Read, Row] = field(default_factory=lambda: MappingProxyType({}))
    elsewhere: Mapping[type[Command], tuple[OfSaga, ...]] = field(default_factory=lambda: MappingProxyType({}))
    owner: Callable[[str, Any], str | None] = owned_by_nobody
    founder: Callable[[Command], str | None] = makes_nobody_owner
    owner_in: Callable[[Mapping[str, Any]], str | None] = lambda _: None
    _rules: Mapping[type[Command], _Rule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A command worker asks for each command, and going through the rows would take three times as long.
        object.__setattr__(self, "_rules", {command: _rule(row) for command, row in self.commands.items()})

    def may_command(self, principal: Principal | None, command: Command | None, stream_id: str, state: Any) -> bool:
        """Whether the principal (None: nobody known) may have the command (None: one that could not be read) decided on
        its stream, which has this id and is in this state.
        """
        if principal is None or command is None:
            return False
        rule = self._rules.get(type(command))
        if rule is None:
            return False
        names_owner, names_known, scopes, sagas = rule
        if names_owner and principal.name == (self.owner(stream_id, state) or self.founder(command)):
            return True
        return names_known or not scopes.isdisjoint(principal.scopes) or principal in sagas

    def may_send(self, principal: Principal | None, wire_type: str) -> bool:
        """Whether the principal may send commands of this type, whatever they are about."""
        rows = [row for model, row in self.commands.items() if model.type == wire_type]
        return any(allows(row, principal) for row in rows)

    def refusal(self, command: Command, unproven: str | None = None) -> Rejection:
        """The rejection of a command by somebody who may not send it, `unproven`: whose identity is not known, and why.
        It tells nothing of the stream.
        """
        needs = [str(who) for who in self.commands.get(type(command), ())]
        reason = "" if unproven is None else f" Who sent this one is not known: {unproven}."
        return Rejection(FORBIDDEN, f"{command.name} is for {either(needs)} only.{reason}", {"needs": needs})

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that the table names."""
        rows = [*self.commands.values(), *self.reads.values()]
        return frozenset(who.name for row in rows for who in row if isinstance(who, Scope))


NO_ACCESS = Access()
"""Nobody may do anything."""


def allows(row: Row, principal: Principal | None) -> bool:
    """Whether a row allows the principal whatever it is about, so without regard to owners."""
    return principal is not None and any(who.allows(principal) for who in row)


def is_owner(principal: Principal | None, owner: str | None) -> bool:
    """Whether the principal is the owner (None: there is none)."""
    return principal is not None and owner is not None and principal.name == owner


def either(needs: Iterable[str]) -> str:
    """Those of whom one is needed, in words."""
    *others, last = list(needs) or ["nobody"]
    return f"{', '.join(others)} or {last}" if others else last
