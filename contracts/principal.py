"""Who sends a command or asks: a person, a service, an operator at a command line, or a saga."""

from typing import NamedTuple

SERVICE_PREFIX = "service:"
OPERATOR_PREFIX = "operator:"
SAGA_PREFIX = "saga:"
RESERVED_PREFIXES = (SERVICE_PREFIX, OPERATOR_PREFIX, SAGA_PREFIX)
"""Begin the names of all who are no persons, so that none can have the name of a person."""


class Principal(NamedTuple):
    """Somebody whose identity was proven. `name` is what events call their actor; `scopes` say what it may do.

    A person's name is the stream id of their user, so that rules can compare it with an owner. The others' names begin
    with one of RESERVED_PREFIXES. Names and scopes are printable ASCII without spaces.
    """

    name: str
    scopes: frozenset[str] = frozenset()


def saga_principal(saga: str) -> Principal:
    """Who sends the commands of a saga."""
    return Principal(f"{SAGA_PREFIX}{saga.replace(' ', '-')}")
