"""Who tries each command and each way of reading, and whether the rules let them."""

from collections.abc import Mapping

from contracts.principal import saga_principal
from tests.scopes import scopes
from workers.core.access import OWNER, OfSaga, Row, Scope

OWNER_IS = "the-owner"
STRANGERS: Mapping[str, frozenset[str]] = {
    "a-stranger": frozenset(),
    "all-for-reading": frozenset(scope for scope in scopes() if scope.endswith(".read")),
    "all-for-writing": frozenset(scope for scope in scopes() if scope.endswith(".write")),
    **{f"with-{scope}": frozenset({scope}) for scope in sorted(scopes())},
}


def may(row: Row, name: str, held: frozenset[str]) -> bool:
    """Written once more, apart from workers/core/access.py. `name` is that of a person, a service or a saga."""
    for who in row:
        if isinstance(who, Scope) and who.name in held:
            return True
        if isinstance(who, OfSaga) and name == saga_principal(who.name).name:
            return True
    return (OWNER in row and name == OWNER_IS) or "anybody who is known" in map(str, row)
